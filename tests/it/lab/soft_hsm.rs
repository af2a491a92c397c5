//! `SoftHSM`: a token of PKCS#11 that is software, with a store of its own for each test.

use std::path::{Path, PathBuf};

use openssl::{pkey::PKey, x509::X509};
use tempfile::TempDir;

use super::process::run;
use crate::bridge::write;

/// Where its module is, by distribution.
const MODULES: [&str; 4] = [
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib64/pkcs11/libsofthsm2.so",
    "/usr/lib64/libsofthsm2.so",
    "/usr/lib/libsofthsm2.so",
];

/// Where that of the spy is.
const SPIES: [&str; 4] = [
    "/usr/lib/x86_64-linux-gnu/pkcs11-spy.so",
    "/usr/lib/aarch64-linux-gnu/pkcs11-spy.so",
    "/usr/lib64/pkcs11-spy.so",
    "/usr/lib/pkcs11-spy.so",
];

/// The label of the token.
const LABEL: &str = "Passerelle HSM";
const PIN: &str = "a-pin-4321";

/// One token, and how it is reached.
#[derive(Debug)]
pub(crate) struct SoftHsm {
    folder: TempDir,
    /// What `SOFTHSM2_CONF` names.
    pub(crate) configuration: PathBuf,
    /// The file with its PIN.
    pub(crate) pin: PathBuf,
    /// The library.
    pub(crate) module: PathBuf,
}

impl SoftHsm {
    /// Makes a token without keys.
    pub(crate) fn new() -> Self {
        let module = MODULES.iter().map(PathBuf::from).find(|path| path.exists());
        let folder = TempDir::new().unwrap();
        let tokens = folder.path().join("tokens");
        std::fs::create_dir(&tokens).unwrap();
        let text = format!(
            "directories.tokendir = {}\nobjectstore.backend = file\nlog.level = ERROR\n",
            tokens.display()
        );
        let made = Self {
            configuration: write(folder.path(), "softhsm2.conf", &text),
            pin: write(folder.path(), "pin", &format!("{PIN}\n")),
            module: module.expect("SoftHSM is missing: run scripts/install test"),
            folder,
        };
        made.util(&[
            "--init-token",
            "--free",
            "--label",
            LABEL,
            "--so-pin",
            "so-4321",
            "--pin",
            PIN,
        ]);
        made
    }

    /// The module that writes down what another one is asked (`PKCS11SPY`), by `OpenSC`.
    pub(crate) fn spy() -> PathBuf {
        let spy = SPIES.iter().map(PathBuf::from).find(|path| path.exists());
        spy.expect("OpenSC is missing: run scripts/install test")
    }

    /// Puts the private key of `pem`, and the certificate where it is to come along, into the token.
    pub(crate) fn take(&self, (label, id): (&str, &str), pem: &[u8], with_certificate: bool) {
        let key = PKey::private_key_from_pem(pem).unwrap();
        let key = key.private_key_to_pem_pkcs8().unwrap();
        let key = write(
            self.folder.path(),
            "import.pem",
            &String::from_utf8(key).unwrap(),
        );
        let key = key.to_str().unwrap();
        self.util(&[
            "--import", key, "--token", LABEL, "--label", label, "--id", id, "--pin", PIN,
            "--force",
        ]);
        if with_certificate {
            let der = X509::from_pem(pem).unwrap().to_der().unwrap();
            let file = self.folder.path().join("import.der");
            std::fs::write(&file, der).unwrap();
            self.write_object((label, id), &file, &["--type", "cert"]);
        }
    }

    /// Puts the private key of `pem` into the token, with attributes that are `told` to pkcs11-tool.
    pub(crate) fn take_as(&self, named: (&str, &str), pem: &[u8], told: &str) {
        let key = PKey::private_key_from_pem(pem).unwrap();
        let key = key.private_key_to_pem_pkcs8().unwrap();
        let key = String::from_utf8(key).unwrap();
        let key = write(self.folder.path(), "written.pem", &key);
        self.write_object(named, &key, &["--type", "privkey", told]);
    }

    /// Puts what is in `file` into the token, as an object that is `told` to pkcs11-tool.
    fn write_object(&self, (label, id): (&str, &str), file: &Path, told: &[&str]) {
        let (module, file) = (self.module.to_str().unwrap(), file.to_str().unwrap());
        let token = ["--module", module, "--token-label", LABEL];
        let login = ["--login", "--pin", PIN];
        let object = ["--write-object", file, "--id", id, "--label", label];
        self.tool("pkcs11-tool", &[&token[..], &login, &object, told].concat());
    }

    /// Puts the private key of `pem` into the token as one that may not sign. No tool makes such a key, and so the
    /// file of it is changed: each attribute is its type, the kind of its value, and the value.
    pub(crate) fn take_without_signing(&self, named: (&str, &str), pem: &[u8]) {
        let before = self.objects();
        self.take_as(named, pem, "--usage-decrypt");
        let mut new = self.objects();
        new.retain(|file| !before.contains(file));
        let [file] = &*new else {
            panic!("one object is one file, and not {new:?}");
        };
        let mut octets = std::fs::read(file).unwrap();
        // CKA_SIGN is 0x108, and 1 the kind of a boolean.
        let sign = [0, 0, 0, 0, 0, 0, 1, 8, 0, 0, 0, 0, 0, 0, 0, 1];
        let at = octets.windows(sign.len()).position(|at| at == sign);
        octets[at.unwrap() + sign.len()] = 0;
        std::fs::write(file, octets).unwrap();
    }

    /// The files of the token's objects.
    fn objects(&self) -> Vec<PathBuf> {
        let inside = |folder: &Path| {
            let entries = std::fs::read_dir(folder).unwrap();
            let paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
            paths
        };
        let tokens = inside(&self.tokens());
        let mut files: Vec<_> = tokens.iter().flat_map(|token| inside(token)).collect();
        files.retain(|file| file.extension().is_some_and(|it| it == "object"));
        files
    }

    /// What names the private key `label` in the configuration.
    pub(crate) fn uri(&self, label: &str) -> String {
        let (module, pin) = (self.module.display(), self.pin.display());
        format!(
            "pkcs11:token=Passerelle%20HSM;object={label}?module-path={module}&pin-source=file:{pin}"
        )
    }

    /// Takes the token away.
    pub(crate) fn remove(&self) {
        std::fs::rename(self.tokens(), self.folder.path().join("away")).unwrap();
        std::fs::create_dir(self.tokens()).unwrap();
    }

    /// Gives it back.
    pub(crate) fn put_back(&self) {
        std::fs::remove_dir_all(self.tokens()).unwrap();
        std::fs::rename(self.folder.path().join("away"), self.tokens()).unwrap();
    }

    /// What a program needs to find the token.
    pub(crate) fn environment(&self) -> (&'static str, &Path) {
        ("SOFTHSM2_CONF", &self.configuration)
    }

    fn tokens(&self) -> PathBuf {
        self.folder.path().join("tokens")
    }

    fn util(&self, words: &[&str]) {
        self.tool("softhsm2-util", words);
    }

    fn tool(&self, program: &str, words: &[&str]) {
        let (done, said) = run(program, words, &[self.environment()]);
        assert!(done, "{program} {words:?}: {said}");
    }
}
