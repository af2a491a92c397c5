//! The administrator's first quarter of an hour, by nothing but the commands that they are told to type: from
//! `init` to somebody who is signed in at Zoom, which the stand-in plays.

use std::path::Path;

use url::Url;

use super::Place;
use crate::{
    cas::{LOGIN, MAIL, PASSWORD, ZOE},
    lab::{
        browser::{BrowserSim, Page},
        cas_server::{CasServer, filled},
        metadata::ZOOM_ENTITY_ID,
        port::free_port,
        process::{Server, run},
        real_bridge::PROGRAM,
        slapd::{Kind, READER_DN, Slapd},
    },
    sp::Told,
};

/// Zoom, as the stand-in plays it.
#[derive(Debug)]
struct Zoom {
    program: String,
    port: u16,
    /// What it is told of itself.
    identity: Vec<String>,
}

impl Zoom {
    /// Makes its key.
    fn prepare(place: &Place) -> Self {
        let program = Path::new(PROGRAM).with_file_name("passerelle-stand-in");
        assert!(
            program.exists(),
            "run cargo build --locked --workspace --bins"
        );
        let program = program.to_str().unwrap().to_owned();
        let at = |name| place.file(name).to_str().unwrap().to_owned();
        let files = ["--key", &at("zoom.key"), "--certificate", &at("zoom.crt")].map(str::to_owned);
        let (made, said) = run(
            &program,
            &[&["make-key".to_owned()], &files[..]].concat(),
            &[],
        );
        assert!(made, "{said}");
        let port = free_port();
        let base = format!("http://zoom.localhost:{port}");
        let own = [
            "--base-url",
            &base,
            "--entity-id",
            ZOOM_ENTITY_ID,
            "--sign-requests",
        ];
        let identity = [&own.map(str::to_owned)[..], &files].concat();
        Self {
            program,
            port,
            identity,
        }
    }

    /// Writes its metadata to a file.
    fn write_metadata(&self, file: &Path) {
        let words = [&["metadata".to_owned()], &self.identity[..]].concat();
        let (written, metadata) = run(&self.program, &words, &[]);
        assert!(written, "{metadata}");
        std::fs::write(file, metadata).unwrap();
    }

    /// Opens it to people, for whom this identity provider vouches.
    async fn open(&self, place: &Place, idp_metadata: &Path) -> Server {
        let folder = place.file("");
        let server = Server::start("zoom", Path::new(&self.program), &folder, |command| {
            command.arg("serve").args(&self.identity);
            command.args(["--listen", &format!("127.0.0.1:{}", self.port)]);
            command.arg("--idp-metadata").arg(idp_metadata);
        });
        server.listens_on(self.port).await
    }

    fn sign_in(&self) -> Url {
        let url = format!("http://zoom.localhost:{}/saml/login", self.port);
        Url::parse(&url).unwrap()
    }
}

/// Both servers, and the page at which people prove who they are.
struct Live {
    _servers: [Server; 2],
    browser: BrowserSim,
    page: Page,
}

/// Types what `init` said to type next, and goes to Zoom.
async fn go_live(place: &Place, port: u16) -> Live {
    place.run(&["check"]).await.is_good();
    let zoom = Zoom::prepare(place);
    zoom.write_metadata(&place.file("zoom.xml"));
    let added = ["sp", "add", "zoom", "--metadata", "zoom.xml", "--yes"];
    let told = place.run(&added).await;
    told.is_good();
    // It came to the folder that `init` made for it.
    assert!(place.file("house/metadata/zoom.xml").is_file(), "{told:?}");
    place.run(&["check"]).await.is_good();
    let file = place.configuration();
    let server = Server::start("bridge", Path::new(PROGRAM), &place.file(""), |command| {
        command.arg("serve").arg("--config").arg(&file);
    });
    let server = server.listens_on(port).await;
    let ours = place.run(&["metadata"]).await;
    ours.is_good();
    let idp_metadata = place.file("idp.xml");
    std::fs::write(&idp_metadata, ours.out).unwrap();
    let site = zoom.open(place, &idp_metadata).await;
    let mut browser = BrowserSim::new();
    let page = browser.open(&zoom.sign_in()).await;
    Live {
        _servers: [server, site],
        browser,
        page,
    }
}

impl Live {
    /// Signs in on that page, and is at Zoom, under this address.
    async fn sign_in(mut self, login: &str, password: &str, mail: &str) {
        let form = filled(&self.page, login, password);
        let answer = self.browser.submit(&self.page, &form).await;
        assert_eq!(answer.kind().as_deref(), Some("post"), "{}", answer.body);
        let end = self.browser.submit(&answer, &answer.form()).await;
        assert_eq!(end.kind().as_deref(), Some("profile"), "{}", end.body);
        let shown = format!("<dd data-testid=\"email\">{mail}</dd>");
        assert!(end.body.contains(&shown), "{}", end.body);
    }
}

#[tokio::test]
async fn from_init_at_a_cas_server_to_somebody_at_zoom_it_takes_commands_alone() {
    let cas = CasServer::start(&[ZOE]).await;
    let (place, port) = (Place::new(), free_port());
    let (base, server) = (format!("http://idp.localhost:{port}"), cas.url());
    let said = [
        "--lab",
        "--base-url",
        &base,
        "--cas",
        server.as_str(),
        "--contact",
        "sso@univ-montp3.example",
        "--mail-domains",
        "univ-montp3.example, etu.univ-montp3.example",
        "--languages",
        "fr",
        "--support-text",
        "Dans l’ENT : Assistance",
    ];
    place.init(&said).await.is_good();
    let live = go_live(&place, port).await;
    let is_at_cas = live.page.url.as_str().starts_with(server.as_str());
    assert!(is_at_cas, "{}", live.page.url);
    live.sign_in(LOGIN, PASSWORD, MAIL).await;
}

#[tokio::test]
async fn from_init_at_a_directory_to_somebody_at_zoom_it_takes_commands_alone() {
    let more = format!(
        "dn: uid={LOGIN},ou=people,dc=univ,dc=example\nobjectClass: inetOrgPerson\n\
         objectClass: eduPerson\nuid: {LOGIN}\ncn: Martin\nsn: Martin\nmail: {MAIL}\n\
         eduPersonAffiliation: student\nuserPassword: {PASSWORD}\n"
    );
    let kind = Kind {
        more: &more,
        ..Kind::default()
    };
    let slapd = Slapd::start(kind).await;
    let (place, port) = (Place::new(), free_port());
    // As a person at the terminal types it: its name alone.
    for (name, file) in [
        ("ca.pem", slapd.ca()),
        ("reader.password", slapd.reader_password_file()),
    ] {
        std::fs::copy(file, place.file(name)).unwrap();
    }
    let (base, server) = (format!("http://idp.localhost:{port}"), slapd.ldaps_url());
    let said = [
        "--lab",
        "--base-url",
        &base,
        "--ldap",
        &server,
        "--ca",
        "ca.pem",
        "--ldap-base",
        "ou=people,dc=univ,dc=example",
        "--ldap-bind-dn",
        READER_DN,
        "--ldap-password-file",
        "reader.password",
        "--contact",
        "sso@univ-montp3.example",
        "--mail-domains",
        "etu.univ-montp3.example",
        "--languages",
        "fr",
        "--support-text",
        "Dans l’ENT : Assistance",
    ];
    place.init(&said).await.is_good();
    let live = go_live(&place, port).await;
    assert_eq!(live.page.kind().as_deref(), Some("login"));
    live.sign_in(LOGIN, PASSWORD, MAIL).await;
}

#[tokio::test]
async fn from_a_try_of_init_to_somebody_at_zoom_it_takes_commands_alone() {
    let (place, port) = (Place::new(), free_port());
    let base = format!("http://idp.localhost:{port}");
    // Its domain is one that Zoom knows: whoever has an address of another one must confirm it first.
    let contact = ["--contact", "sso@univ-montp3.example"];
    let said = [&["--try", "--base-url", &base], &contact[..]].concat();
    let told = place.init(&said).await;
    told.is_good();
    // Nobody has accounts at what is made up, unless they say that it is meant.
    std::fs::write(place.file("old.csv"), "Email\ntest@univ.example\n").unwrap();
    let words = ["compare", "--old", "old.csv", "--sp", "try"];
    let compared = place.run(&words[..3]).await;
    compared.fails("--sp takes the one for a try all the same: try");
    let compared = place.run(&words).await;
    assert!(!compared.errors.contains("all the same"), "{compared:?}");

    let (login, password) = account_in(&told);
    // Nobody has a form for what is made up.
    let sheet = place.run(&["zoom-settings"]).await;
    sheet.fails(
        "`passerelle --config house/config/passerelle.toml sp add NAME --metadata URL` registers",
    );
    let live = go_live(&place, port).await;
    let sheet = place.run(&["zoom-settings"]).await;
    assert!(
        sheet.out.contains("sp.zoom") && !sheet.out.contains("service.example"),
        "{sheet:?}"
    );
    assert_eq!(live.page.kind().as_deref(), Some("login"));
    live.sign_in(login, password, "test@univ-montp3.example")
        .await;
    // What the configuration says of its end is so.
    let text = std::fs::read_to_string(place.configuration()).unwrap();
    let (before, rest) = text.split_once("[sp.try]").unwrap();
    let (_, after) = rest.split_once("\n[").unwrap();
    std::fs::write(place.configuration(), format!("{before}[{after}")).unwrap();
    std::fs::remove_file(place.file("house/metadata/try.xml")).unwrap();
    place.run(&["check"]).await.is_good();
}

/// The account that `init --try` made, and told of.
fn account_in(told: &Told) -> (&str, &str) {
    let (before, rest) = told.out.split_once(", password ").unwrap();
    let (_, login) = before.rsplit_once(' ').unwrap();
    let (password, _) = rest.split_once(". ").unwrap();
    (login, password)
}

#[tokio::test]
async fn a_try_of_init_is_served_as_it_is_and_shows_what_a_service_would_be_told() {
    let (place, port) = (Place::new(), free_port());
    let base = format!("http://idp.localhost:{port}");
    let told = place.init(&["--try", "--base-url", &base]).await;
    told.is_good();
    assert!(
        told.out.contains(&format!("Open {base} in a browser")),
        "{told:?}"
    );
    let file = place.configuration();
    let server = Server::start("bridge", Path::new(PROGRAM), &place.file(""), |command| {
        command.arg("serve").arg("--config").arg(&file);
    });
    let _server = server.listens_on(port).await;
    let mut browser = BrowserSim::new();
    let home = browser.open(&Url::parse(&base).unwrap()).await;
    let url = format!("{base}/test");
    let link = format!("href=\"{}\"", url.replace('/', "&#x2f;"));
    assert!(home.body.contains(&link), "{}", home.body);
    let trials = browser.follow(&home, &Url::parse(&url).unwrap()).await;
    let login_page = browser.submit(&trials, &trials.form()).await;
    let (login, password) = account_in(&told);
    let form = filled(&login_page, login, password);
    let shown = browser.submit(&login_page, &form).await;
    assert_eq!(shown.kind().as_deref(), Some("trial"), "{}", shown.body);
    assert!(
        shown.body.contains("data-verdict=\"taken\""),
        "{}",
        shown.body
    );
    assert!(shown.body.contains("test@univ.example"), "{}", shown.body);
    // The server keeps what it has to in the folder that was made for it, and commands reach it there.
    let status = place.run(&["status"]).await;
    status.is_good();
    assert!(place.file("house/state/control").exists());
}
