//! The sessions of one thread with the tokens of a module: opened when they are first needed, and anew when they are
//! lost.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, Weak,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use cryptoki::{
    context::{CInitializeArgs, CInitializeFlags, Pkcs11},
    error::{Error, RvError},
    mechanism::Mechanism,
    object::{Attribute, AttributeType, CertificateType, ObjectClass, ObjectHandle},
    session::{Session, UserType},
    slot::{Slot, TokenInfo},
    types::RawAuthPin,
};

use super::{
    TokenSigner,
    fault::{TokenFault, code},
    module::lock,
};
use crate::{
    config::{keys::TokenKey, token_uri::TokenName},
    sys::secret::Secret,
};

/// A loaded module, and what all its threads know of it.
#[derive(Debug)]
pub(super) struct Context {
    path: PathBuf,
    /// Held while sessions are opened and closed:
    /// with the last session of a token its login ends, and `SoftHSM` takes a session down that another thread opens
    /// in that moment.
    pub(super) loaded: Mutex<Loaded>,
    /// How often it was begun anew: a session of before is none any more, and its handle may be that of another.
    beginnings: AtomicU64,
    is_wanted_anew: AtomicBool,
    /// Held by whoever asks it, and by nobody else while it is begun anew.
    asking: RwLock<()>,
    /// The PINs that a token refused, by its serial number: tokens lock after a few wrong ones.
    refused: Mutex<Vec<(String, Secret)>>,
    /// The PIN that logged in last, by the token's serial number.
    accepted: Mutex<BTreeMap<String, Secret>>,
}

/// The library, which stays where it is once it was loaded.
#[derive(Debug, Default)]
pub(super) struct Loaded {
    module: Option<Pkcs11>,
    standing: Standing,
}

/// Whether a module has begun.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
enum Standing {
    /// It has not, or was ended, or forgot.
    #[default]
    Ended,
    /// By us, and so we may end it.
    Ours,
    /// By another library of this process, which goes on with it.
    Others,
}

impl Context {
    pub(super) fn of(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            loaded: Mutex::default(),
            beginnings: AtomicU64::new(0),
            is_wanted_anew: AtomicBool::new(false),
            asking: RwLock::new(()),
            refused: Mutex::default(),
            accepted: Mutex::default(),
        }
    }

    /// Says that the module is being asked.
    pub(super) fn asking(&self) -> RwLockReadGuard<'_, ()> {
        self.asking.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says whether the module is to be begun anew, as soon as nobody asks it.
    pub(super) fn want_new_beginning(&self, is_wanted: bool) {
        self.is_wanted_anew.store(is_wanted, Ordering::Relaxed);
    }

    /// Ends the module where that is wanted, and has the next question begin it anew, unless somebody asks it: some see
    /// a token that was away only then (`SoftHSM` 2.6).
    pub(super) fn begin_anew_if_wanted(&self) {
        if !self.is_wanted_anew.load(Ordering::Relaxed) {
            return;
        }
        let Ok(_alone) = self.asking.try_write() else {
            return;
        };
        self.want_new_beginning(false);
        let mut loaded = lock(&self.loaded);
        let Some(module) = loaded.module.clone() else {
            return;
        };
        if loaded.standing == Standing::Ours {
            self.beginnings.fetch_add(1, Ordering::Relaxed);
            loaded.standing = Standing::Ended;
            if let Err(error) = module.finalize() {
                tracing::warn!(error.cause = %error, "the module of a token does not end");
            }
        }
    }

    /// The module, which has begun.
    fn begun(&self, loaded: &mut Loaded) -> Result<Pkcs11, TokenFault> {
        let module = match &loaded.module {
            Some(module) => module.clone(),
            None => Pkcs11::new(&self.path).map_err(TokenFault::Module)?,
        };
        loaded.module = Some(module.clone());
        if loaded.standing == Standing::Ended {
            let arguments = CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK);
            loaded.standing = match module.initialize(arguments) {
                Ok(()) => Standing::Ours,
                Err(Error::Pkcs11(RvError::CryptokiAlreadyInitialized, _)) => Standing::Others,
                Err(error) => return Err(TokenFault::Module(error)),
            };
        }
        Ok(module)
    }

    fn open(&self, signer: &TokenSigner) -> Result<Open, TokenFault> {
        let mut loaded = lock(&self.loaded);
        let module = self.begun(&mut loaded)?;
        let opened = self.open_in(&module, signer);
        if let Err(TokenFault::Device(error)) = &opened
            && matches!(code(error), Some(RvError::CryptokiNotInitialized))
        {
            loaded.standing = Standing::Ended;
        }
        opened
    }

    fn open_in(&self, module: &Pkcs11, signer: &TokenSigner) -> Result<Open, TokenFault> {
        let key = &*signer.key;
        let failures = signer.failures.load(Ordering::Relaxed);
        let (slot, token) = find_token(module, &key.token)?;
        // It is closed by hand: one of an earlier beginning must not be.
        let session = module.open_ro_session_no_drop(slot);
        let session = session.map_err(TokenFault::Device)?;
        let logged_in = self.log_in(&session, &token, signer);
        match logged_in.and_then(|()| find_key(&session, key)) {
            Ok(private) => Ok(Open {
                session,
                private,
                beginning: self.beginnings.load(Ordering::Relaxed),
                failures,
            }),
            Err(fault) => {
                let _ = session.close();
                Err(fault)
            }
        }
    }

    fn close(&self, open: Open) {
        let _others_wait = lock(&self.loaded);
        if open.beginning == self.beginnings.load(Ordering::Relaxed) {
            // Where the token is away there is nothing to close.
            let _ = open.session.close();
        }
    }

    fn log_in(
        &self,
        session: &Session,
        token: &TokenInfo,
        signer: &TokenSigner,
    ) -> Result<(), TokenFault> {
        let Some(pin) = &signer.key.pin else {
            return if token.login_required() {
                Err(TokenFault::NoPin)
            } else {
                Ok(())
            };
        };
        let serial = token.serial_number();
        let is_this =
            |(of, refused): &(String, Secret)| of == serial && refused.matches(pin.expose());
        if lock(&self.refused).iter().any(is_this) {
            return Err(TokenFault::Pin);
        }
        if token.user_pin_locked() {
            return Err(TokenFault::Locked);
        }
        if token.user_pin_final_try() {
            return Err(TokenFault::LastTry);
        }
        let offered = RawAuthPin::new(Box::new(pin.expose().to_vec()));
        let Err(error) = session.login_with_raw(UserType::User, &offered) else {
            lock(&self.accepted).insert(serial.to_owned(), pin.clone());
            signer.is_pin_untried.store(false, Ordering::Relaxed);
            return Ok(());
        };
        match code(&error) {
            // One login holds for all sessions of the process with this token.
            Some(RvError::UserAlreadyLoggedIn) => {
                let accepted = lock(&self.accepted).get(serial).cloned();
                // Where it was not we who logged in, nobody knows by which PIN.
                let is_untried = accepted.is_none_or(|it| !it.matches(pin.expose()));
                signer.is_pin_untried.store(is_untried, Ordering::Relaxed);
                Ok(())
            }
            Some(RvError::PinLocked) => Err(TokenFault::Locked),
            Some(
                RvError::PinIncorrect
                | RvError::PinInvalid
                | RvError::PinLenRange
                | RvError::PinExpired,
            ) => {
                lock(&self.refused).push((serial.to_owned(), pin.clone()));
                Err(TokenFault::Pin)
            }
            Some(_) | None => Err(TokenFault::Device(error)),
        }
    }
}

/// A session in which the token's user is logged in, with the private key that was found in it.
#[derive(Debug)]
struct Open {
    session: Session,
    private: ObjectHandle,
    /// Of the module: the session is one of it, and of no later one.
    beginning: u64,
    /// How often the key had failed before.
    failures: u64,
}

/// The sessions of one thread, one for each key.
#[derive(Debug)]
pub(super) struct Sessions {
    pub(super) context: Arc<Context>,
    open: Vec<(Weak<TokenSigner>, Open)>,
}

impl Sessions {
    pub(super) const fn in_context(context: Arc<Context>) -> Self {
        Self {
            context,
            open: Vec::new(),
        }
    }

    /// Has a session for the key of `signer`.
    pub(super) fn open(&mut self, signer: &Arc<TokenSigner>) -> Result<(), TokenFault> {
        self.opened(signer).map(|_open| ())
    }

    /// The certificate in the token that has the `CKA_ID` of the key, in DER form.
    pub(super) fn certificate(&mut self, signer: &Arc<TokenSigner>) -> Result<Vec<u8>, TokenFault> {
        let open = self.opened(signer)?;
        let id = attribute(open, open.private, AttributeType::Id)?;
        let id = id.ok_or(TokenFault::NoCertificate)?;
        let wanted = [
            Attribute::Class(ObjectClass::CERTIFICATE),
            Attribute::CertificateType(CertificateType::X_509),
            Attribute::Id(id),
        ];
        let found = open.session.find_objects(&wanted);
        match found.map_err(TokenFault::Device)?.as_slice() {
            [] => Err(TokenFault::NoCertificate),
            [one] => attribute(open, *one, AttributeType::Value)?.ok_or(TokenFault::NoCertificate),
            _ => Err(TokenFault::SeveralCertificates),
        }
    }

    /// Has the token sign `data`. A session of before may be lost: whatever it fails with, one new session is asked.
    pub(super) fn sign(
        &mut self,
        signer: &Arc<TokenSigner>,
        mechanism: &Mechanism<'_>,
        data: &[u8],
    ) -> Result<Vec<u8>, TokenFault> {
        let was_open = self.has_open(signer);
        let asked = self.ask(signer, mechanism, data);
        match asked {
            Err(_) if was_open => {
                self.close(signer);
                self.ask(signer, mechanism, data)
            }
            Ok(_) | Err(_) => asked,
        }
        .inspect_err(|_fault| self.close(signer))
    }

    /// Ends the session for the key of `signer`, and those for keys that nobody has any more.
    pub(super) fn close(&mut self, signer: &Arc<TokenSigner>) {
        let is_over = |of: &Weak<TokenSigner>| of.strong_count() == 0 || is_of(of, signer);
        for (_, open) in self.open.extract_if(.., |(of, _)| is_over(of)) {
            self.context.close(open);
        }
    }

    fn ask(
        &mut self,
        signer: &Arc<TokenSigner>,
        mechanism: &Mechanism<'_>,
        data: &[u8],
    ) -> Result<Vec<u8>, TokenFault> {
        let open = self.opened(signer)?;
        let made = open.session.sign(mechanism, open.private, data);
        made.map_err(TokenFault::Device)
    }

    /// Whether there is a session for the key of `signer`, of the module as it was begun last, since the key failed last.
    fn has_open(&self, signer: &Arc<TokenSigner>) -> bool {
        let beginning = self.context.beginnings.load(Ordering::Relaxed);
        let failures = signer.failures.load(Ordering::Relaxed);
        let mut all = self.open.iter().filter(|(of, _)| is_of(of, signer));
        all.any(|(_, open)| (open.beginning, open.failures) == (beginning, failures))
    }

    fn opened(&mut self, signer: &Arc<TokenSigner>) -> Result<&Open, TokenFault> {
        if !self.has_open(signer) {
            self.close(signer);
            let open = self.context.open(signer)?;
            self.open.push((Arc::downgrade(signer), open));
        }
        let mut all = self.open.iter();
        let open = all.find(|(of, _)| is_of(of, signer));
        open.map(|(_, open)| open).ok_or(TokenFault::GivenUp)
    }
}

fn is_of(place: &Weak<TokenSigner>, signer: &Arc<TokenSigner>) -> bool {
    std::ptr::eq(place.as_ptr(), Arc::as_ptr(signer))
}

fn attribute(
    open: &Open,
    object: ObjectHandle,
    kind: AttributeType,
) -> Result<Option<Vec<u8>>, TokenFault> {
    let found = open.session.get_attributes(object, &[kind]);
    let found = found.map_err(TokenFault::Device)?.into_iter().next();
    Ok(match found {
        Some(Attribute::Id(octets) | Attribute::Value(octets)) if !octets.is_empty() => {
            Some(octets)
        }
        Some(_) | None => None,
    })
}

fn find_token(module: &Pkcs11, name: &TokenName) -> Result<(Slot, TokenInfo), TokenFault> {
    let slots = module.get_slots_with_token().map_err(TokenFault::Device)?;
    let mut found = None;
    for slot in slots {
        // A slot that says nothing of its token must not hide the others.
        let Ok(token) = module.get_token_info(slot) else {
            continue;
        };
        let is_so = |wanted: &Option<String>, said: &str| {
            wanted
                .as_deref()
                .is_none_or(|wanted| wanted.trim_end() == said.trim_end())
        };
        let is_it = token.token_initialized()
            && is_so(&name.label, token.label())
            && is_so(&name.serial, token.serial_number())
            && is_so(&name.manufacturer, token.manufacturer_id())
            && is_so(&name.model, token.model());
        if is_it && found.replace((slot, token)).is_some() {
            return Err(TokenFault::SeveralTokens);
        }
    }
    found.ok_or(TokenFault::NoToken)
}

fn find_key(session: &Session, key: &TokenKey) -> Result<ObjectHandle, TokenFault> {
    let mut wanted = vec![Attribute::Class(ObjectClass::PRIVATE_KEY)];
    let label = key.label.as_ref();
    wanted.extend(label.map(|label| Attribute::Label(label.clone().into_bytes())));
    wanted.extend(key.id.clone().map(Attribute::Id));
    let found = session.find_objects(&wanted).map_err(TokenFault::Device)?;
    match found.as_slice() {
        [] => Err(TokenFault::NoKey),
        [one] => can_sign(session, *one).map(|()| *one),
        _ => Err(TokenFault::SeveralKeys),
    }
}

/// Refuses a key that its own attributes keep from signing for us. A module that does not say is asked to sign all the same.
fn can_sign(session: &Session, private: ObjectHandle) -> Result<(), TokenFault> {
    for (kind, hinders, fault) in [
        (
            AttributeType::Sign,
            Attribute::Sign(false),
            TokenFault::NotForSigning,
        ),
        (
            AttributeType::AlwaysAuthenticate,
            Attribute::AlwaysAuthenticate(true),
            TokenFault::AlwaysAuthenticate,
        ),
    ] {
        let said = session.get_attributes(private, &[kind]);
        if said.is_ok_and(|said| said.contains(&hinders)) {
            return Err(fault);
        }
    }
    Ok(())
}
