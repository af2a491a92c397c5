// What must hold on every page, however somebody came to it.

const AXE = {
  runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
  resultTypes: ['violations'],
};

// The rules of accessibility that the page breaks, each in a line. axe-core is put in by the debugger, past the
// policy of the page, which may show only what it says.
export const brokenRules = async (page, axe, options = AXE) => {
  if (!(await page.evaluate(() => 'axe' in globalThis))) await page.evaluate(axe);
  const { violations } = await page.evaluate((given) => globalThis.axe.run(document, given), options);
  return violations.map(
    ({ id, help, nodes }) => `${id}: ${help}\n    ${nodes.map((node) => node.html).join('\n    ')}`,
  );
};

// The one rule that depends on the colours.
export const CONTRAST = { runOnly: { type: 'rule', values: ['color-contrast'] }, resultTypes: ['violations'] };

// What is wrong with where things stand: what sticks out sideways, and text that is cut or lies on other text.
export const misplaced = (page) =>
  page.evaluate(() => {
    const faults = [];
    const width = document.documentElement.clientWidth;
    const over = document.documentElement.scrollWidth - width;
    if (over > 0) faults.push(`sticks out by ${over} pixels`);

    // What a box does to text in it; none for one that has no edges of its own.
    const boxes = new Map();
    const boxOf = (element) => {
      if (!boxes.has(element)) {
        const style = getComputedStyle(element);
        const isBox = !/^(inline|contents)$/.test(style.display);
        // What is read out and not shown is cut on purpose.
        const isUnseen = style.clipPath === 'inset(50%)';
        const cuts = style.overflowX !== 'visible' || style.overflowY !== 'visible';
        boxes.set(element, { isBox, isUnseen, cuts, edge: element.getBoundingClientRect() });
      }
      return boxes.get(element);
    };
    const around = (node) => {
      const all = [];
      for (let it = node.parentElement; it && it !== document.body; it = it.parentElement) all.push(boxOf(it));
      return all;
    };

    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const range = document.createRange();
    const seen = [];
    for (let node = texts.nextNode(); node; node = texts.nextNode()) {
      const said = node.data.trim();
      if (!said || !node.parentElement.checkVisibility({ visibilityProperty: true })) continue;
      const holders = around(node);
      if (holders.some((box) => box.isUnseen)) continue;
      // A pixel is a matter of rounding.
      const inside = (rect, { left, right }) => rect.left >= left - 1 && rect.right <= right + 1;
      // Word by word: a space at the end of a line may hang over.
      const words = [...node.data.matchAll(/\S+/g)].flatMap(({ 0: word, index }) => {
        range.setStart(node, index);
        range.setEnd(node, index + word.length);
        return [...range.getClientRects()];
      });
      for (const rect of words) {
        if (rect.width < 1 || rect.height < 1) continue;
        const isCut = holders.some(
          ({ isBox, cuts, edge }) =>
            (isBox && !inside(rect, edge)) ||
            (cuts && (rect.top < edge.top - 1 || rect.bottom > edge.bottom + 1)),
        );
        if (isCut || !inside(rect, { left: 0, right: width })) faults.push(`cuts “${said}”`);
        for (const other of seen) {
          if (other.node === node) continue;
          const across = Math.min(rect.right, other.rect.right) - Math.max(rect.left, other.rect.left);
          const down = Math.min(rect.bottom, other.rect.bottom) - Math.max(rect.top, other.rect.top);
          // Lines of type stand close: parts of letters that are not there may meet.
          if (across > 2 && down > 0.3 * Math.min(rect.height, other.rect.height)) {
            faults.push(`lays “${said}” on “${other.said}”`);
          }
        }
        seen.push({ node, said, rect });
      }
    }
    return [...new Set(faults)];
  });
