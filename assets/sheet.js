
// Puts a value on the clipboard. Without this script the buttons are not there, and a click marks a value whole.
for (const button of document.querySelectorAll("button[data-copy]")) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    const value = document.getElementById(button.dataset.copy);
    try {
      await navigator.clipboard.writeText(value.textContent);
    } catch {
      // A page that came without TLS has no clipboard of its own.
      getSelection().selectAllChildren(value);
      if (!document.execCommand("copy")) return;
    }
    for (const other of document.querySelectorAll("button[data-copy]")) {
      other.querySelector(".before").hidden = other === button;
      other.querySelector(".after").hidden = other !== button;
    }
    document.querySelector(".announced").textContent = button.innerText;
  });
}
