//! Answers of the field, and what is made to look like one.

use super::*;
use crate::xml::door::Bound;

const SHUT: AnswerFault = AnswerFault::Verdict;

fn read_3(body: impl AsRef<[u8]>) -> Result<Answer, AnswerFault> {
    let two = read(body.as_ref(), CasProtocol::Two);
    let three = read(body.as_ref(), CasProtocol::Three);
    assert_eq!(two, three);
    three
}

fn response(inside: &str) -> String {
    format!(
        "<cas:serviceResponse xmlns:cas='http://www.yale.edu/tp/cas'>{inside}\
             </cas:serviceResponse>"
    )
}

fn success_of(inside: &str) -> String {
    response(&format!(
        "<cas:authenticationSuccess>{inside}</cas:authenticationSuccess>"
    ))
}

fn with_attributes(inside: &str) -> String {
    success_of(&format!(
        "<cas:user>jdoe</cas:user><cas:attributes>{inside}</cas:attributes>"
    ))
}

fn success(body: impl AsRef<[u8]>) -> Success {
    match read_3(body).unwrap() {
        Answer::Success(success) => success,
        Answer::Failure { code } => panic!("failure {code}"),
    }
}

fn code(body: impl AsRef<[u8]>) -> Box<str> {
    match read_3(body).unwrap() {
        Answer::Success(success) => panic!("{success:?}"),
        Answer::Failure { code } => code,
    }
}

fn user(body: impl AsRef<[u8]>) -> Box<str> {
    success(body).user
}

fn fault(body: impl AsRef<[u8]>) -> AnswerFault {
    read_3(body).unwrap_err()
}

fn is_refused_at_the_door(body: impl AsRef<[u8]>) -> bool {
    matches!(fault(body), AnswerFault::Door(_))
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

const VOUCHED: &str = "<cas:authenticationSuccess><cas:user>admin</cas:user>\
         </cas:authenticationSuccess>";
const FAILED: &str = "<cas:authenticationFailure code='INVALID_TICKET'>no\
         </cas:authenticationFailure>";

// What servers of the field write.

#[test]
fn r62_apereo_cas_5_3_is_read() {
    let read = success(
            "<cas:serviceResponse xmlns:cas='http://www.yale.edu/tp/cas'>
    <cas:authenticationSuccess>
        <cas:user>casuser</cas:user>
        <cas:attributes>
            <cas:credentialType>UsernamePasswordCredential</cas:credentialType>
            <cas:isFromNewLogin>true</cas:isFromNewLogin>
            <cas:mail>jane.doe@univ.example</cas:mail>
            <cas:authenticationDate>2024-01-02T03:04:05.678Z[Etc/UTC]</cas:authenticationDate>
            <cas:authenticationMethod>LdapAuthenticationHandler</cas:authenticationMethod>
            <cas:eduPersonAffiliation>member</cas:eduPersonAffiliation>
            <cas:eduPersonAffiliation>student</cas:eduPersonAffiliation>
            <cas:longTermAuthenticationRequestTokenUsed>false</cas:longTermAuthenticationRequestTokenUsed>
        </cas:attributes>
    </cas:authenticationSuccess>
</cas:serviceResponse>
",
        );
    assert_eq!(&*read.user, "casuser");
    assert_eq!(read.is_from_new_login, Some(true));
    assert_eq!(read.authenticated_at, Some(at("2024-01-02T03:04:05.678Z")));
    assert_eq!(read.attributes.values("mail"), ["jane.doe@univ.example"]);
    assert_eq!(
        read.attributes.values("eduPersonAffiliation"),
        ["member", "student"]
    );
    assert_eq!(read.attributes.values("isFromNewLogin"), ["true"]);
    assert_eq!(
        read.attributes.values("authenticationDate"),
        ["2024-01-02T03:04:05.678Z[Etc/UTC]"]
    );
}

#[test]
fn r62_apereo_cas_6_6_is_read() {
    let read = success(
        "<cas:serviceResponse xmlns:cas='http://www.yale.edu/tp/cas'>
    <cas:authenticationSuccess>
        <cas:user>casuser</cas:user>
        <cas:attributes>
            <cas:clientIpAddress>192.0.2.7</cas:clientIpAddress>
            <cas:isFromNewLogin>false</cas:isFromNewLogin>
            <cas:authenticationDate>2023-05-06T07:08:09.123456789Z</cas:authenticationDate>
            <cas:cn>Zo&#233; &amp; Fils</cas:cn>
            <cas:sn><![CDATA[O'<Neil>]]></cas:sn>
            <cas:empty></cas:empty>
        </cas:attributes>
    </cas:authenticationSuccess>
</cas:serviceResponse>",
    );
    assert_eq!(read.is_from_new_login, Some(false));
    assert_eq!(
        read.authenticated_at,
        Some(at("2023-05-06T07:08:09.123456789Z"))
    );
    assert_eq!(read.attributes.values("cn"), ["Zoé & Fils"]);
    assert_eq!(read.attributes.values("sn"), ["O'<Neil>"]);
    assert!(read.attributes.iter().all(|(name, _)| name != "empty"));
}

#[test]
fn r62_apereo_cas_6_6_with_a_failure_is_read() {
    let failed = "<cas:serviceResponse xmlns:cas='http://www.yale.edu/tp/cas'>
    <cas:authenticationFailure code=\"INVALID_SERVICE\">Ticket &#39;ST-1&#39; does not match supplied service https://other.example</cas:authenticationFailure>
</cas:serviceResponse>";
    assert_eq!(&*code(failed), "INVALID_SERVICE");
    assert!(!format!("{:?}", read_3(failed)).contains("other.example"));
}

#[test]
fn r62_django_cas_server_says_all_twice_and_is_read_once() {
    let read = success(
        "<cas:serviceResponse xmlns:cas=\"http://www.yale.edu/tp/cas\">
  <cas:authenticationSuccess>
    <cas:user>jdoe</cas:user>
    <cas:attributes>
      <cas:authenticationDate>2024-01-02 03:04:05+00:00</cas:authenticationDate>
      <cas:longTermAuthenticationRequestTokenUsed>false</cas:longTermAuthenticationRequestTokenUsed>
      <cas:isFromNewLogin>true</cas:isFromNewLogin>
      <cas:nom>Doe</cas:nom>
      <cas:alias>a</cas:alias>
      <cas:alias>b</cas:alias>
    </cas:attributes>
    <cas:attribute name=\"authenticationDate\" value=\"2024-01-02 03:04:05+00:00\"/>
    <cas:attribute name=\"longTermAuthenticationRequestTokenUsed\" value=\"false\"/>
    <cas:attribute name=\"isFromNewLogin\" value=\"true\"/>
    <cas:attribute name=\"nom\" value=\"Doe\"/>
    <cas:attribute name=\"alias\" value=\"a\"/>
    <cas:attribute name=\"alias\" value=\"b\"/>

    <cas:proxyGrantingTicket>PGTIOU-1</cas:proxyGrantingTicket>

  </cas:authenticationSuccess>
</cas:serviceResponse>
",
    );
    assert_eq!(read.is_from_new_login, Some(true));
    assert_eq!(read.authenticated_at, Some(at("2024-01-02T03:04:05Z")));
    assert_eq!(read.attributes.values("nom"), ["Doe"]);
    assert_eq!(read.attributes.values("alias"), ["a", "b"]);
    assert!(read.attributes.values("proxyGrantingTicket").is_empty());
}

#[test]
fn r62_lemonldap_ng_is_read() {
    let read = success(
        "<cas:serviceResponse xmlns:cas='http://www.yale.edu/tp/cas'>
\t<cas:authenticationSuccess>
\t\t<cas:user>dwho</cas:user>
\t\t<cas:attributes>
\t\t\t<cas:cn>Doctor Who</cas:cn>
\t\t\t<cas:mail>dwho@badwolf.example</cas:mail>
\t\t</cas:attributes>
\t</cas:authenticationSuccess>
</cas:serviceResponse>
",
    );
    assert_eq!(&*read.user, "dwho");
    assert_eq!(read.attributes.values("cn"), ["Doctor Who"]);
    assert_eq!(
        (read.is_from_new_login, read.authenticated_at),
        (None, None)
    );
    let failed = "<cas:serviceResponse xmlns:cas='http://www.yale.edu/tp/cas'>
\t<cas:authenticationFailure code=\"INVALID_TICKET\">
\t\tTicket not found
\t</cas:authenticationFailure>
</cas:serviceResponse>
";
    assert_eq!(&*code(failed), "INVALID_TICKET");
}

#[test]
fn r62_attributes_beside_the_user_are_read() {
    let read = success(success_of(
        "<cas:user>jdoe</cas:user><cas:mail>a@univ.example</cas:mail><groups>x</groups>\
             <groups>y</groups><cas:attribute name='sn' value='Doe'/><user>other</user>\
             <norEduPerson><cn>nobody</cn></norEduPerson><cas:empty/>",
    ));
    assert_eq!(&*read.user, "jdoe");
    let names: Vec<_> = read.attributes.iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["groups", "mail", "sn"]);
    assert_eq!(read.attributes.values("groups"), ["x", "y"]);
}

#[test]
fn r62_a_default_namespace_or_another_prefix_is_the_same() {
    assert_eq!(
        &*user(
            "\n\n<serviceResponse xmlns='http://www.yale.edu/tp/cas'><authenticationSuccess>\
                 <user>\n\tjdoe\r\n </user></authenticationSuccess></serviceResponse>\n\n"
        ),
        "jdoe"
    );
    assert_eq!(
        &*code(
            "<a:serviceResponse xmlns:a='http://www.yale.edu/tp/cas'>\
                 <a:authenticationFailure code='X'/></a:serviceResponse>"
        ),
        "X"
    );
}

// Hostile shapes: the frame.

#[test]
fn r62_nested_success_in_failure_is_refused() {
    let inside = format!(
        "<cas:authenticationFailure code='INVALID_TICKET'>{VOUCHED}\
             </cas:authenticationFailure>"
    );
    assert_eq!(fault(response(&inside)), SHUT);
    let deeper =
        format!("<cas:authenticationFailure code='X'><p>{VOUCHED}</p></cas:authenticationFailure>");
    assert_eq!(fault(response(&deeper)), SHUT);
}

#[test]
fn r62_nested_failure_or_success_in_success_is_refused() {
    for nested in [FAILED, VOUCHED] {
        let user = format!("<cas:user>jdoe</cas:user>{nested}");
        assert_eq!(fault(success_of(&user)), SHUT);
        assert_eq!(fault(with_attributes(nested)), SHUT);
    }
}

#[test]
fn r62_a_response_in_a_response_is_refused() {
    let inner = response(VOUCHED);
    assert_eq!(fault(response(&inner)), SHUT);
    assert_eq!(fault(with_attributes(&inner)), SHUT);
}

#[test]
fn r62_two_children_of_the_root_are_refused() {
    for second in [VOUCHED, FAILED, "<cas:other/>", "<other/>"] {
        assert_eq!(fault(response(&format!("{VOUCHED}{second}"))), SHUT);
        assert_eq!(fault(response(&format!("{second}{VOUCHED}"))), SHUT);
    }
}

#[test]
fn r62_text_beside_the_verdict_is_refused() {
    assert_eq!(fault(response(&format!("yes{VOUCHED}"))), SHUT);
    assert_eq!(fault(response(&format!("{VOUCHED}<![CDATA[no]]>"))), SHUT);
}

#[test]
fn r62_an_empty_root_or_one_with_text_only_is_refused() {
    for inside in ["", " ", "jdoe", "yes\njdoe\n"] {
        assert_eq!(fault(response(inside)), SHUT);
    }
}

#[test]
fn r62_another_verdict_is_refused() {
    for name in ["authenticationsuccess", "proxySuccess", "user"] {
        let inside = format!("<cas:{name}><cas:user>jdoe</cas:user></cas:{name}>");
        assert_eq!(fault(response(&inside)), SHUT, "{name}");
    }
}

#[test]
fn r62_another_root_is_refused() {
    for body in [
        VOUCHED.replace(
            "<cas:authenticationSuccess>",
            "<cas:authenticationSuccess xmlns:cas='http://www.yale.edu/tp/cas'>",
        ),
        format!("<x>{}</x>", response(VOUCHED)),
        response(VOUCHED).replace("serviceResponse", "ServiceResponse"),
    ] {
        assert_eq!(fault(body), AnswerFault::OtherRoot);
    }
}

#[test]
fn r62_another_namespace_is_refused() {
    for namespace in [
        "https://www.yale.edu/tp/cas",
        "http://www.yale.edu/tp/cas/",
        "http://www.yale.edu/tp/CAS",
        "urn:x",
    ] {
        let body = response(VOUCHED).replace(CAS, namespace);
        assert_eq!(fault(body), AnswerFault::OtherRoot, "{namespace}");
    }
}

#[test]
fn r62_another_namespace_of_the_verdict_is_refused() {
    let body = response(
        "<x:authenticationSuccess xmlns:x='urn:x'><cas:user>a</cas:user>\
             </x:authenticationSuccess>",
    );
    assert_eq!(fault(body), SHUT);
    let none = response("<authenticationSuccess><cas:user>a</cas:user></authenticationSuccess>");
    assert_eq!(fault(none), SHUT);
}

#[test]
fn r62_no_namespace_is_refused() {
    assert_eq!(
        fault(
            "<serviceResponse><authenticationSuccess><user>a</user>\
                 </authenticationSuccess></serviceResponse>"
        ),
        AnswerFault::OtherRoot
    );
    let unbound = "<cas:serviceResponse><cas:authenticationSuccess><cas:user>a</cas:user>\
             </cas:authenticationSuccess></cas:serviceResponse>";
    assert!(is_refused_at_the_door(unbound));
}

// Hostile shapes: the user.

#[test]
fn r62_two_users_are_refused() {
    for second in ["admin", "jdoe", ""] {
        let users = format!("<cas:user>jdoe</cas:user><cas:user>{second}</cas:user>");
        assert_eq!(fault(success_of(&users)), AnswerFault::SeveralUsers);
    }
    // What a value that is not escaped can do (an older LemonLDAP::NG).
    let injected = with_attributes(
        "<cas:cn>x</cas:cn></cas:attributes><cas:user>admin</cas:user><cas:attributes>",
    );
    assert_eq!(fault(injected), AnswerFault::SeveralUsers);
}

#[test]
fn r62_a_user_in_attributes_only_is_refused() {
    for body in [
        success_of("<cas:attributes><cas:user>admin</cas:user></cas:attributes>"),
        success_of("<cas:attribute name='user' value='admin'/>"),
        success_of("<cas:x><cas:user>admin</cas:user></cas:x>"),
        success_of("<user>admin</user>"),
        success_of("<user xmlns='urn:x'>admin</user>"),
        success_of("<cas:User>admin</cas:User>"),
        success_of("admin"),
        success_of(""),
    ] {
        assert_eq!(fault(&body), AnswerFault::NoUser, "{body}");
    }
}

#[test]
fn r62_a_user_in_attributes_is_an_attribute() {
    let read = success(with_attributes("<cas:user>admin</cas:user>"));
    assert_eq!(&*read.user, "jdoe");
    assert_eq!(read.attributes.values("user"), ["admin"]);
}

#[test]
fn r62_a_user_with_a_comment_is_refused() {
    for user in [
        "admin<!-- -->.evil",
        "<!---->admin",
        "admin<!--x-->",
        "a<?x y?>b",
    ] {
        let body = success_of(&format!("<cas:user>{user}</cas:user>"));
        assert!(is_refused_at_the_door(body), "{user}");
    }
}

#[test]
fn r62_a_user_with_markup_is_refused() {
    for user in ["<b>admin</b>", "admin<x/>", "<cas:user>admin</cas:user>"] {
        let body = success_of(&format!("<cas:user>{user}</cas:user>"));
        assert_eq!(fault(body), AnswerFault::UserMarkup, "{user}");
    }
}

#[test]
fn r62_a_user_in_cdata_or_with_references_is_one_text() {
    let body = success_of("<cas:user>ad<![CDATA[min]]>&#46;x&amp;y</cas:user>");
    assert_eq!(&*user(body), "admin.x&y");
    let escaped = success_of("<cas:user>a&lt;!----&gt;b</cas:user>");
    assert_eq!(&*user(escaped), "a<!---->b");
}

#[test]
fn r62_an_empty_user_is_refused() {
    for user in [
        "<cas:user></cas:user>",
        "<cas:user/>",
        "<cas:user> \n\t</cas:user>",
    ] {
        assert_eq!(fault(success_of(user)), AnswerFault::User, "{user}");
    }
}

#[test]
fn r62_a_user_has_at_most_256_characters() {
    let of = |count| success_of(&format!("<cas:user>{}</cas:user>", "é".repeat(count)));
    assert_eq!(user(of(256)).chars().count(), 256);
    assert_eq!(fault(of(257)), AnswerFault::User);
}

#[test]
fn r62_a_user_with_a_control_character_is_refused() {
    for control in [
        "a\nb", "a\tb", "a&#10;b", "a&#13;", "a\u{85}b", "a&#x9f;b", "\u{7f}",
    ] {
        let body = success_of(&format!("<cas:user>x{control}y</cas:user>"));
        assert_eq!(fault(body), AnswerFault::User, "{control:?}");
    }
    assert!(is_refused_at_the_door(success_of(
        "<cas:user>a&#0;</cas:user>"
    )));
    assert!(is_refused_at_the_door(success_of(
        "<cas:user>a\0</cas:user>"
    )));
}

// Hostile shapes: not this kind of document.

#[test]
fn r62_a_byte_order_mark_is_taken_once() {
    let body = response(VOUCHED);
    assert_eq!(&*user(format!("\u{feff}{body}")), "admin");
    let declared = format!("\u{feff}<?xml version='1.0' encoding='utf-8'?>{body}");
    assert_eq!(&*user(declared), "admin");
    assert!(is_refused_at_the_door(format!("\u{feff}\u{feff}{body}")));
    let torn = format!("\u{feff}<?xml version='1.0' encoding='ISO-8859-1'?>{body}");
    assert!(is_refused_at_the_door(torn));
}

#[test]
fn r62_utf_16_is_refused() {
    let body = response(VOUCHED);
    let little: Vec<u8> = body.encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert!(is_refused_at_the_door(&little));
    assert!(is_refused_at_the_door([&[0xff, 0xfe], &*little].concat()));
}

#[test]
fn r62_iso_8859_1_is_read_where_it_is_declared() {
    let of = |declaration: &str, name: &[u8]| {
        let body = success_of("<cas:user>#</cas:user>");
        let (before, after) = body.split_once('#').unwrap();
        [
            declaration.as_bytes(),
            before.as_bytes(),
            name,
            after.as_bytes(),
        ]
        .concat()
    };
    for declaration in [
        "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>",
        "<?xml version='1.0' encoding = 'iso-8859-1' standalone='yes' ?>\n",
        "<?xml version='1.0' encoding='windows-1252'?>",
    ] {
        assert_eq!(&*user(of(declaration, b"zo\xe9")), "zoé", "{declaration}");
    }
    let latin = "<?xml version='1.0' encoding='ISO-8859-1'?>";
    assert_eq!(fault(of(latin, b"zo\x9c")), AnswerFault::User);
    assert_eq!(&*user(of(latin, "é".as_bytes())), "Ã©");
    let windows = "<?xml version='1.0' encoding='windows-1252'?>";
    assert_eq!(fault(of(windows, b"zo\x9c")), AnswerFault::Charset);
    let ascii = "<?xml version='1.0' encoding='US-ASCII'?>";
    assert_eq!(&*user(of(ascii, b"zoe")), "zoe");
    assert_eq!(fault(of(ascii, b"zo\xe9")), AnswerFault::Charset);
    for utf_8 in [
        "",
        "<?xml version='1.0'?>",
        "<?xml version='1.0' encoding='UTF-8'?>",
    ] {
        assert!(is_refused_at_the_door(of(utf_8, b"zo\xe9")), "{utf_8}");
    }
}

#[test]
fn r62_another_charset_is_refused() {
    for charset in ["UTF-7", "UTF-16", "ISO-8859-15", "EBCDIC-CP-FR", "x", ""] {
        let body = format!(
            "<?xml version='1.0' encoding='{charset}'?>{}",
            response(VOUCHED)
        );
        assert_eq!(fault(body), AnswerFault::Charset, "{charset}");
    }
}

#[test]
fn r62_a_malformed_declaration_is_refused_in_every_charset() {
    for declaration in [
        "<?xml version='1.1' encoding='ISO-8859-1'?>",
        "<?xml encoding='ISO-8859-1'?>",
        "<?xml version='1.0 encoding='ISO-8859-1'?>",
        "<?xml version='1.0' encoding='ISO-8859-1' encoding='UTF-16'?>",
        "<?xml version='1.0' encoding='ISO-8859-1' standalone='maybe'?>",
        "<?xml version='1.0' standalone='encoding=\"us-ascii\"'?>",
        "<?xml version='1.0' encoding='ISO-8859-1\"?>",
        "\n<?xml version='1.0' encoding='ISO-8859-1'?>",
    ] {
        let body = format!("{declaration}{}", response(VOUCHED));
        assert!(is_refused_at_the_door(body), "{declaration}");
    }
}

#[test]
fn r62_json_is_refused() {
    for body in [
        "{\"serviceResponse\":{\"authenticationSuccess\":{\"user\":\"admin\"}}}",
        "[]",
        "\"<cas:user>admin</cas:user>\"",
    ] {
        assert!(read_3(body).is_err(), "{body}");
    }
}

#[test]
fn r62_an_html_error_page_is_refused() {
    for body in [
        "<!DOCTYPE html><html><head><title>502 Bad Gateway</title></head></html>",
        "<html><head><title>502 Bad Gateway</title></head><body><hr>nginx</body></html>",
        "<html><body><h1>CAS is unavailable</h1></body></html>",
        "<html xmlns='http://www.w3.org/1999/xhtml'><body/></html>",
        "Service Unavailable",
        "",
        " ",
    ] {
        assert!(read_3(body).is_err(), "{body}");
    }
}

#[test]
fn r62_a_document_type_declaration_is_refused() {
    for doctype in [
        "<!DOCTYPE x>",
        "<!DOCTYPE x [<!ENTITY e 'admin'>]>",
        "<!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/passwd'>]>",
        "<!DOCTYPE x SYSTEM 'https://evil.example/x.dtd'>",
    ] {
        let body = format!("{doctype}{}", success_of("<cas:user>&e;</cas:user>"));
        assert_eq!(fault(&body), AnswerFault::Door(DoorFault::Doctype));
        let latin = format!("<?xml version='1.0' encoding='ISO-8859-1'?>{body}");
        assert_eq!(fault(latin), AnswerFault::Door(DoorFault::Doctype));
    }
    assert!(is_refused_at_the_door(success_of(
        "<cas:user>&e;</cas:user>"
    )));
}

#[test]
fn r62_trailing_or_leading_garbage_is_refused() {
    let body = response(VOUCHED);
    for around in [
        format!("{body}x"),
        format!("{body}{body}"),
        format!("{body}<x/>"),
        format!("{body}\0"),
        format!("{body}<!-- cached -->"),
        format!("x{body}"),
        format!("HTTP/1.1 200 OK\r\n\r\n{body}"),
        body.replace("</cas:serviceResponse>", ""),
    ] {
        assert!(is_refused_at_the_door(&around), "{around}");
    }
}

#[test]
fn r62_a_huge_answer_is_refused() {
    let body = response(VOUCHED);
    let filled = |bytes: usize| format!("{body}{}", " ".repeat(bytes - body.len()));
    assert!(read_3(success_of("<cas:user>a</cas:user>")).is_ok());
    assert_eq!(fault(filled(MAX_BYTES + 1)), AnswerFault::TooLong);
    let long = success_of(&format!("<cas:user>{}</cas:user>", "a".repeat(65 * 1024)));
    assert_eq!(
        fault(long),
        AnswerFault::Door(DoorFault::TooLarge(Bound::TextBytes))
    );
    let plain = format!("yes\n{}\n", "a".repeat(MAX_BYTES));
    let plain = read(plain.as_bytes(), CasProtocol::One);
    assert_eq!(plain, Err(AnswerFault::TooLong));
}

#[test]
fn r62_a_deep_answer_is_refused() {
    let deep = format!("{}{}", "<x>".repeat(40), "</x>".repeat(40));
    assert_eq!(
        fault(success_of(&deep)),
        AnswerFault::Door(DoorFault::TooLarge(Bound::Depth))
    );
}

// Proxies and attributes.

#[test]
fn r67_a_success_through_proxies_is_refused() {
    for proxies in [
        "<cas:proxies><cas:proxy>https://p.example/cb</cas:proxy></cas:proxies>",
        "<cas:proxies>https://p.example/cb</cas:proxies>",
        "<cas:proxies/><cas:proxies><cas:proxy/></cas:proxies>",
        "<proxies><proxy/></proxies>",
    ] {
        let body = success_of(&format!("<cas:user>jdoe</cas:user>{proxies}"));
        assert_eq!(fault(body), AnswerFault::Proxied, "{proxies}");
    }
    let none = success_of("<cas:user>jdoe</cas:user><cas:proxies> </cas:proxies>");
    assert_eq!(success(none).attributes, Attributes::new());
}

#[test]
fn r67_a_proxy_granting_ticket_is_not_kept() {
    let read = success(success_of(
        "<cas:user>jdoe</cas:user>\
             <cas:proxyGrantingTicket>PGTIOU-secret</cas:proxyGrantingTicket>",
    ));
    assert!(!format!("{read:?}").contains("secret"));
}

#[test]
fn r62_an_attribute_with_markup_is_refused() {
    for body in [
        with_attributes("<cas:cn>a<b/></cas:cn>"),
        with_attributes("<cas:cn><b>a</b></cas:cn>"),
        with_attributes("<cas:attribute name='a' value='b'><x/></cas:attribute>"),
        success_of("<cas:user>jdoe</cas:user><cas:cn>a<b/></cas:cn>"),
    ] {
        assert_eq!(fault(&body), AnswerFault::AttributeMarkup, "{body}");
    }
    assert!(is_refused_at_the_door(with_attributes(
        "<cas:cn>a<!-- -->b</cas:cn>"
    )));
}

#[test]
fn r62_attributes_elsewhere_are_not_read() {
    let read = success(success_of(
        "<cas:user>jdoe</cas:user><cas:x><cas:attributes><cas:cn>a</cas:cn></cas:attributes>\
             </cas:x><y:mail xmlns:y='urn:y'>a</y:mail><cas:attributes><y:sn xmlns:y='urn:y'>a\
             </y:sn><cas:attribute name='a'>b</cas:attribute><cas:attribute value='b'/>\
             <cas:attribute>c</cas:attribute></cas:attributes>",
    ));
    assert_eq!(read.attributes, Attributes::new());
}

#[test]
fn r68_names_and_values_are_bounded() {
    let named = |name: &str| with_attributes(&format!("<cas:attribute name='{name}' value='v'/>"));
    assert!(read_3(named(&"n".repeat(128))).is_ok());
    for bad in ["", "a&#10;b", &*"n".repeat(129)] {
        assert_eq!(fault(named(bad)), AnswerFault::AttributeName, "{bad}");
    }
    let valued = |count| with_attributes(&format!("<cas:cn> {} </cas:cn>", "é".repeat(count)));
    let kept = |count| {
        let Ok(Answer::Success(success)) = read_3(valued(count)) else {
            panic!("{count}")
        };
        success.attributes.iter().count()
    };
    assert_eq!([MAX_VALUE_CHARS, MAX_VALUE_CHARS + 1].map(kept), [1, 0]);
}

#[test]
fn r68_attributes_are_counted() {
    let list = |count: usize, of: &dyn Fn(usize) -> String| {
        with_attributes(&(0..count).map(of).collect::<String>())
    };
    let names = |index| format!("<cas:n{index}>v</cas:n{index}>");
    assert!(read_3(list(200, &names)).is_ok());
    assert_eq!(fault(list(201, &names)), AnswerFault::TooManyAttributes);
    let values = |index| format!("<cas:n>{index}</cas:n>");
    let read = success(list(1000, &values));
    assert_eq!(read.attributes.values("n").len(), 1000);
    assert_eq!(fault(list(1001, &values)), AnswerFault::TooManyAttributes);
}

#[test]
fn r34_what_is_unclear_proves_no_login() {
    for unclear in [
        "",
        "<cas:isFromNewLogin/>",
        "<cas:isFromNewLogin>TRUE</cas:isFromNewLogin>",
        "<cas:isFromNewLogin>1</cas:isFromNewLogin>",
        "<cas:isfromnewlogin>true</cas:isfromnewlogin>",
        "<cas:isFromNewLogin>true</cas:isFromNewLogin>\
             <cas:isFromNewLogin>false</cas:isFromNewLogin>",
        "<cas:isFromNewLogin>true</cas:isFromNewLogin>\
             <cas:attribute name='isFromNewLogin' value='false'/>",
        "<x:isFromNewLogin xmlns:x='urn:x'>true</x:isFromNewLogin>",
    ] {
        let read = success(with_attributes(unclear));
        assert_eq!(read.is_from_new_login, None, "{unclear}");
    }
    for unclear in [
        "now",
        "2024-01-02",
        "2024-01-02T03:04:05",
        "2024-13-02T03:04:05Z",
        "1704164645",
        "2024-01-02T03:04:05.1234567890Z",
        "2024-01-02T03:04:05Z</cas:authenticationDate>\
             <cas:authenticationDate>2024-01-02T03:04:06Z",
    ] {
        let date = format!("<cas:authenticationDate>{unclear}</cas:authenticationDate>");
        let read = success(with_attributes(&date));
        assert_eq!(read.authenticated_at, None, "{unclear}");
    }
}

#[test]
fn r34_dates_of_the_field_are_read() {
    for (written, meant) in [
        ("2024-01-02T03:04:05Z", "2024-01-02T03:04:05Z"),
        (
            "2024-01-02T04:04:05.678+01:00[Europe/Paris]",
            "2024-01-02T03:04:05.678Z",
        ),
        ("2024-01-02T03:04:05.678Z[UTC]", "2024-01-02T03:04:05.678Z"),
        (
            "2024-01-02 03:04:05.123456+00:00",
            "2024-01-02T03:04:05.123456Z",
        ),
    ] {
        let date = format!("<cas:authenticationDate>{written}</cas:authenticationDate>");
        let read = success(with_attributes(&date));
        assert_eq!(read.authenticated_at, Some(at(meant)), "{written}");
    }
}

#[test]
fn r62_a_code_is_one_word_in_capitals() {
    let of = |code: &str| code_of(&format!(" code='{code}'"));
    assert_eq!(&*of("INVALID_TICKET_SPEC"), "INVALID_TICKET_SPEC");
    assert_eq!(&*of(&"X".repeat(64)), "X".repeat(64));
    for bad in [
        "",
        "invalid",
        "A B",
        "A&#10;B",
        "https://x",
        &*"X".repeat(65),
    ] {
        assert_eq!(&*of(bad), "UNKNOWN", "{bad}");
    }
    assert_eq!(&*code_of(""), "UNKNOWN");
    assert_eq!(&*code_of(" cas:code='X'"), "UNKNOWN");
}

fn code_of(attributes: &str) -> Box<str> {
    code(response(&format!(
        "<cas:authenticationFailure{attributes}>x</cas:authenticationFailure>"
    )))
}

// Protocol 1.

#[test]
fn r62_protocol_1_is_exact() {
    let read_1 = |body: &str| read(body.as_bytes(), CasProtocol::One);
    let Ok(Answer::Success(jdoe)) = read_1("yes\njdoe\n") else {
        panic!("no success");
    };
    assert_eq!(&*jdoe.user, "jdoe");
    assert_eq!(jdoe.attributes, Attributes::new());
    for no in ["no\n", "no\n\n"] {
        assert_eq!(read_1(no), Ok(failure("INVALID_TICKET")), "{no:?}");
    }
    for neither in [
        "",
        "yes",
        "yes\n",
        "yes\njdoe",
        "no",
        "no\n\n\n",
        "no\nyes\njdoe\n",
        "YES\njdoe\n",
        " yes\njdoe\n",
        "\u{feff}yes\njdoe\n",
        "yes\r\njdoe\r\n",
        "jdoe\n",
    ] {
        assert_eq!(
            read_1(neither),
            Err(AnswerFault::NeitherYesNorNo),
            "{neither:?}"
        );
    }
    for bad in [
        "yes\n\n",
        "yes\njdoe\n\n",
        "yes\njdoe\nadmin\n",
        "yes\njdoe\r\n",
        "yes\n jdoe\n",
        "yes\nj\0\n",
    ] {
        assert_eq!(read_1(bad), Err(AnswerFault::User), "{bad:?}");
    }
    let xml = read_1(&response(VOUCHED));
    assert_eq!(xml, Err(AnswerFault::NeitherYesNorNo));
    assert!(is_refused_at_the_door("yes\njdoe\n"));
    let latin = read(b"yes\nzo\xe9\n", CasProtocol::One);
    assert_eq!(latin, Err(AnswerFault::NeitherYesNorNo));
}
