# The texts of the pages, in English. Every key is also in fr.ftl: a test sees to it.
#
# Write plainly, say nothing technical, use curly quotes and apostrophes.

language-name = English
language-label = Language of this page
page-title = { $title } – { $organization }
lab-banner = Laboratory mode: http addresses are allowed, do not use in production.
help-title = Need help?
help-link = Contact support

continue-to = Continue to { $provider }
start-title = Go to { $provider }
start-lead = You will be signed in to { $provider } with your university (ENT) username and password.
start-unasked = If you did not want to go there, close this page: nothing has been passed on.

about-information = About { $provider }
about-privacy = Privacy at { $provider }

login-title = Sign in to { $provider }
login-lead = Use your university (ENT) username and password.
login-username = Username
login-password = Password
login-submit = Sign in
login-promise = Your password stays at the university: it is never passed on to { $provider }.
login-refused-credentials = Wrong username or password. Check capitals and digits, then try again.
login-refused-wait-seconds =
    { $seconds ->
        [one] Too many attempts. Try again in one second.
       *[other] Too many attempts. Try again in { $seconds } seconds.
    }
login-refused-wait-minutes =
    { $minutes ->
        [one] Too many attempts. Try again in one minute.
       *[other] Too many attempts. Try again in { $minutes } minutes.
    }
login-refused-busy = Many people are signing in right now. Wait a moment, then try again.
login-forgotten = Password forgotten, expired or locked?

password-link = Change my password
ends-title = Your password expires soon
ends-title-ended = Your password has expired
ends-in-days =
    { $days ->
        [0] It expires in less than 24 hours.
        [1] It expires tomorrow.
       *[other] It expires in { $days } days.
    }
ends-in-sign-ins =
    { $count ->
        [0] This sign-in is the last one that it allows.
        [1] It allows one more sign-in after this one.
       *[other] It allows { $count } more sign-ins after this one.
    }
ends-advice = Change it now so that you do not lose access. You can also continue and do it later.
ends-advice-last = Change it now: next time you will not be able to sign in with it.

post-title = Signing in to { $provider }
post-signed-in = You are signed in and will be taken to { $provider }…
post-answered = You will be taken to { $provider }…
post-hint = If nothing happens, choose “Continue”.
post-submit = Continue

logout-title = Sign out
logout-question = Do you want to sign out?
logout-person = Signed in as { $person }
logout-scope = Services that are already open may stay signed in: remember to leave them too.
logout-submit = Sign out
logged-out-title = You are signed out
logged-out-text = Your session has ended. On a shared computer, close all browser windows too.
nothing-title = No open session
nothing-text = No session is open in this browser: there is nothing to sign out of.

not-found-title = Page not found
not-found-text = There is no page at this address. The link may be old, or the address mistyped.
not-found-advice = Start from the service that you want to use, or from the home page.

framed-title = Please continue in a window of its own
framed-lead = For your security, you cannot sign in inside a page of another site. Choose your service in a new window.
framed-open = Open in a new window

home-title = Sign in to online services
home-lead = The services below open with your university (ENT) username and password. Choose one to begin.
home-lead-empty = This address opens the university’s online services with your university (ENT) username and password. There is no service to open right now.
home-services = Services
home-sign-in = Sign in to { $provider }
home-no-link = Open this service as usual: it will bring you here.
home-good-to-know = Good to know
home-once = You sign in once: the services that you open afterwards know you.
home-password = You type your password here or on the university’s own sign-in page, and never at a service.
home-shared = On a shared computer, sign out before you leave.
home-last-change = Page last changed on { date }.
date =
    { $day } { $month ->
        [1] January
        [2] February
        [3] March
        [4] April
        [5] May
        [6] June
        [7] July
        [8] August
        [9] September
        [10] October
        [11] November
       *[other] December
    } { $year }
home-back = Go to the home page
home-logout = Sign out

trial-list-title = Try a sign-in
trial-list-lead = Sign in as you always do, and see what the service would receive. Nothing is sent to it.
trial-list-none = No service is open at the moment.
trial-begin = Try with { $provider }
trial-taken = { $provider } would accept this sign-in
trial-refused = { $provider } would refuse this sign-in
trial-rules-kept = This sign-in keeps all the rules
trial-rules-broken = This sign-in breaks a rule at least
trial-lead = This is a test: nothing was sent to { $provider }, and nothing below opens any access.
trial-shut-out = What is sent meets the line for the licence { $license } in { $provider }’s form, which shuts the person out: see License Type below.
trial-no-line = No line for License Type in { $provider }’s form takes what is sent: somebody who has no account there gets none, and an account that is there keeps its licence.
trial-untried = Not tried here: whether { $provider } holds our certificate, and whether it can decrypt what is encrypted for it.
trial-strict = The rules are those of a strict reader, which reads as Zoom does. { $provider } may accept what they refuse.
trial-refusals = Why
trial-advice = To be improved
trial-encrypted = In a real sign-in all of this would be encrypted for { $provider }. It is shown in clear here.
trial-told = What { $provider } would receive
trial-told-nothing = Nothing but the fact of the sign-in.
trial-name = Identifier (NameID)
trial-who = The sign-in that was tried
trial-person = Account
trial-method = Verified by
trial-method-cas = the CAS server
trial-method-ldap = the directory
trial-method-local = the built-in directory
trial-method-session = { $method }, in a session that was open already
trial-at = Verified on
trial-origin = Where each piece of information comes from
trial-origin-name = Name in the response
trial-origin-source = Source attribute
trial-origin-rule = Rule
trial-origin-nothing = none
trial-origin-format = Format
trial-taken-address = the one address in our domains
trial-taken-all = sent as it stands
trial-taken-derived = derived for this service, always the same
trial-taken-drawn = drawn for this response
trial-taken-first = the first value only
trial-gives = which gives: { $value }
trial-withheld = What is not sent
trial-withheld-lead = These attributes are known, and nothing that would be sent comes from them:
trial-withheld-none = Everything that is known goes into what would be sent.
trial-rules = The { $count } rules of the strict reader
trial-rules-lead = Each line says what a rule refuses, and whether the response has it. “Not found”: the rule is kept.
trial-rule-kept = Not found:
trial-rule-broken = Found:
trial-xml = The SAML response, decoded
trial-xml-lead = As it would be sent, but signed with a throw-away key that nobody recognises.
trial-xml-certificate = Do not copy the certificate in it to { $provider }: it is the throw-away key’s, and no real sign-in would pass. Ours is in our metadata:
trial-decisions = The decisions
trial-again = Try another sign-in
trial-other-person = Sign out, to try with another account

# What a broken rule of the strict reader means, and what came of each decision. Whoever tries a sign-in knows the words
# of SAML, or finds them in the standard: they stay as they are.
rule-encoding = SAMLResponse is not base64.
rule-too-large = The message is larger or deeper than any Response has to be.
rule-doctype = There is a document type declaration.
rule-comment = There is a comment.
rule-processing-instruction = There is a processing instruction.
rule-not-xml = The message is not well-formed XML in UTF-8.
rule-not-a-response = The message is not a SAML 2.0 Response.
rule-shape = An element, attribute or text stands where a sign-on Response has none, or in another order.
rule-xsi-type = A value carries an xsi:type, which some providers lose on the way.
rule-response-version = The Version of the Response is not 2.0.
rule-response-id = The Response has no usable ID.
rule-response-issue-instant = The Response was not issued within { $skew } seconds of now, or does not say when.
rule-destination = Destination is not exactly the assertion consumer service.
rule-response-issuer = The Issuer of the Response is not exactly the identity provider.
rule-issuer-format = An Issuer is of another format than that of an entity.
rule-response-in-response-to = The Response answers another request than the one that was sent.
rule-unsolicited = The Response answers no request, so nothing stops its replay.
rule-status-top = The top StatusCode is none of the four of the standard.
rule-status-second = The status is not of the right number of levels.
rule-status-message = The status holds more than codes.
rule-assertion-beside-error = There is an assertion beside an error status.
rule-one-assertion = There is not exactly one assertion.
rule-encrypted = Something is encrypted.
rule-unsigned = Neither the Response nor the assertion is signed.
rule-signature-digest = The content was changed after it was signed.
rule-signature-key = A signature was not made by a key of the identity provider.
rule-signature-algorithm = A signature or digest is of an algorithm that is not taken.
rule-canonicalization = A signature does not rest on exclusive canonicalisation.
rule-signature-place = A signature stands elsewhere than in what it covers.
rule-signature-profile = A signature is not of the form that SAML has.
rule-key-info = KeyInfo holds another certificate than the provider was given.
rule-assertion-version = The Version of the assertion is not 2.0.
rule-assertion-id = The assertion has no usable ID.
rule-same-id = An ID occurs twice.
rule-weak-id = An ID does not look like an underscore and 128 random bits.
rule-assertion-issue-instant = The assertion is older than { $assertion } seconds, of the future, or does not say when it was issued.
rule-assertion-issuer = The Issuer of the assertion is not exactly the identity provider.
rule-name-id = There is no NameID of 1 to { $name } characters.
rule-name-id-address = The NameID says to be an e-mail address and does not look like one.
rule-bearer = There is not exactly one SubjectConfirmation, by bearer and with its data.
rule-subject-not-before = SubjectConfirmationData has a NotBefore.
rule-subject-not-on-or-after = The subject confirmation has expired or does not say when it does.
rule-recipient = Recipient is not exactly the assertion consumer service.
rule-subject-in-response-to = The subject confirmation answers another request than the one that was sent.
rule-not-before = The assertion is not valid yet.
rule-not-before-margin = NotBefore does not lie { $least } to { $most } seconds back.
rule-not-on-or-after = The assertion has expired or does not say when it does.
rule-lifetime = The assertion may be used for more than { $lifetime } minutes.
rule-audience-restriction = There is not exactly one AudienceRestriction with one Audience.
rule-audience = The Audience is not exactly the service provider.
rule-one-time-use = There is a OneTimeUse condition.
rule-unknown-condition = There is a condition other than AudienceRestriction.
rule-authn-statement = There is not exactly one AuthnStatement.
rule-authn-instant = The sign-in is older than { $authn } seconds, of the future, or without AuthnInstant.
rule-session-not-on-or-after = The session has ended already.
rule-session-index = There is no SessionIndex.
rule-authn-context = There is not exactly one AuthnContextClassRef.
rule-attribute-statement = There is more than one AttributeStatement.
rule-attribute = An attribute has no name or no value.
rule-repeated-attribute = An attribute occurs twice.
rule-attribute-value = An attribute value is no text of at most { $value } characters.
decision-signature-verified = The signature of the request is verified.
decision-signature-not-demanded = The request is not signed, and need not be.
decision-click-on-our-page = There is no request: the sign-in began on our page.
decision-click-for-a-trial = There is no request: this is a test, and nothing is sent.
decision-address-of-the-metadata = The return address stands in the metadata of the service.
decision-address-by-default = The return address is the default one of the service’s metadata.
decision-session-used = The session that was open already is used.
decision-session-none = This browser has no session that is open.
decision-session-just-ended = The session has just ended.
decision-session-unknown = The store of sessions did not answer.
decision-session-not-forced = The session is not used: the request wants a new sign-in.
decision-session-too-old = The session is not used: it is older than this service takes.
decision-session-of-another-class = The session is not used: it is not of a kind that the request takes.
decision-session-of-another = The session is not used: the request names somebody else.
decision-proven = The identity is proven ({ $about }).
decision-signed-in = Signed in at the CAS server: { $word }.
decision-sign-in-not-new = The CAS server does not prove that the sign-in is a new one.
decision-sign-in-too-old = The sign-in at the CAS server is older than this service takes.
decision-began-under = What came before this is under the code { $word }, which somebody else may have been shown.
decision-ticket-refused = The CAS server refuses the ticket ({ $word }).
decision-cas-silent = The CAS server does not answer: the password is asked for here.
decision-record-found = The person’s record is in the directory.
decision-record-of-cas = The directory does not answer: what the CAS server says is used instead.
decision-password-refused = The password opens nothing ({ $word }).
decision-password-delayed = The password was not looked at ({ $word }).
decision-password-ends-soon = The password is right, and ends soon.
decision-context-not-taken = The sign-in is not of a kind that the request takes.
decision-subject-is-another = The person is not the one whom the request names.
decision-subject-of-nobody = Nobody here bears the transient name that the request gives.
decision-as-the-source-has-it = { $about }: as the source has it (number of values: { $count }).
decision-by-its-rule = { $about }: made by its rule (number of values: { $count }).
decision-rule-misses-a-value = { $about }: no value, since its rule uses a value that is missing.
decision-rule-worked-too-much = { $about }: no value, since its rule did more work than it may.
decision-rule-gave-too-much = { $about }: no value, since the result of its rule is too large.
decision-rule-gave-no-text = { $about }: no value, since the result of its rule is not a text.
decision-rule-took-a-list-for-text = { $about }: no value, since its rule uses a list as a text.
decision-rule-is-unsuitable = { $about }: no value, since its rule does not suit the values.
decision-sent = { $about }: sent (number of values: { $count }).
decision-not-sent = { $about }: not sent, no value.
decision-not-of-the-federation = { $about }: not sent, since the service lacks the entity attribute.
decision-not-requested = { $about }: not sent, since the service does not ask for it.
decision-not-required = { $about }: not sent, since the service does not require it.
decision-required-is-missing = { $about }: required, and no value. The sign-in stops.
decision-several-of-one = { $about }: none taken, since there are several values of what has one only.
decision-dropped-empty = { $about }: values that are empty are dropped (number: { $count }).
decision-dropped-too-long = { $about }: values of more than { $most } characters are dropped (number: { $count }).
decision-dropped-character = { $about }: values with a control character, or one that XML cannot hold, are dropped (number: { $count }).
decision-dropped-scope = { $about }: values without one of our scopes are dropped (number: { $count }).
decision-no-address = { $about }: no address in our domains. The sign-in stops.
decision-several-addresses = { $about }: several addresses in our domains. The sign-in stops.
decision-name-is-address = The NameID is the address in our domains ({ $about }).
decision-name-derived = The NameID is derived for this service, from { $about }.
decision-name-drawn = The NameID is drawn for this response.
decision-name-as-it-stands = The NameID is the value of { $about } as it stands.
decision-name-none = This service is told no NameID.
decision-name-has-no-value = No NameID: { $about } has no usable value. The sign-in stops.
decision-name-has-several-values = No NameID: { $about } has several values. The sign-in stops.
decision-address-of-another = Somebody else has the same address. The sign-in stops.
decision-address-unchecked = The directory did not say whether somebody else has the same address.
decision-issued = The response is made.
decision-issued-as-fault = The response tells the service that there is no sign-in ({ $word }).
decision-shown = The response is shown, and not sent.

stop-advice-title = What can I do?
stop-support-title = Get help
stop-support-lead = Contact support and quote this code:
stop-support-code = Support code
stop-reference = Reference
stop-again = Try again
stop-way-out = Start again with { $provider }
stop-way-out-form = Open the page again
stop-way-out-logout = Try to sign out again
stop-way-out-logout-here = Sign out here
stop-way-out-host = Open the right address
stop-way-out-trial = Back to the tests
stop-trial = This was a test: nothing was sent.
stop-trial-same-page = A person who signs in for real is stopped here, too: they read what stands above, and then the advice below.
stop-trial-provider-told = A person who signs in for real does not see this page: the service is told that there was no sign-in, and shows a page of its own.
stop-trial-in-same-case = In the same case a real sign-in would be stopped here, too.
stop-trial-goes-on = Only tests stop here: a person who signs in for real does not see this page.
stop-trial-advice-title = The advice that this person reads
stop-trial-why = What led to this stop
stop-trial-why-lead = Only tests show what follows. A person who signs in for real does not see it.
stop-trial-values = Values

stop-journey-expired = This page has expired
    .sentence = The sign-in was left waiting for too long. It was stopped for your security.
    .advice = Start again from the service that you want to use.
stop-journey-forged = This address is incomplete
    .sentence = The address of this page is cut off or damaged. This happens when only part of a link is copied.
    .advice = Start again from the service that you want to use, without using this link.
stop-other-browser = Sign-in begun elsewhere
    .sentence = This sign-in began in another browser or on another device, or your browser’s cookies were deleted in the meantime.
    .advice = Start again, and stay in the same browser until the end.
stop-cookies-blocked = Cookies are blocked
    .sentence = Your browser refuses cookies. Without them you cannot be signed in safely.
    .advice = Allow cookies for this address in the browser’s settings, or use another browser, then start again.
stop-no-mail = Missing e-mail address
    .sentence = Your identity is confirmed, but your record holds no usable university e-mail address. { $provider } cannot be opened without one.
    .advice = Ask support to add your university address to your record. Once this is done, you will be able to sign in.
stop-several-mails = Several e-mail addresses
    .sentence = Your identity is confirmed, but your record holds several university e-mail addresses. There is no telling which one to use with { $provider }.
    .advice = Ask support to keep only one as your main address. Once this is done, you will be able to sign in.
stop-missing-attribute = Missing information
    .sentence = Your identity is confirmed, but something is missing from your record: “{ $attribute }”. { $provider } cannot be opened without it.
    .advice = Ask support to complete your record. Once this is done, you will be able to sign in.
stop-provider-unknown = Unknown service
    .sentence = This sign-in request comes from a service that is not registered here.
    .advice = Check the address of the service that you want to use. If it is right, tell support.
stop-provider-disabled = Service not open here
    .sentence = Signing in to { $provider } is not, or no longer, open here.
    .advice = Trying again will not help. To find out why, or what takes the place of this service, contact support.
stop-provider-ended = Service closed for now
    .sentence = Signing in to { $provider } is closed for the time being.
    .advice = Try again later. To find out when the service will reopen, contact support.
stop-provider-broken = Service under repair
    .sentence = The settings by which people sign in to { $provider } are being repaired.
    .advice = Try again later. If it takes long, contact support: you did nothing wrong.
stop-request-unreadable = Unreadable sign-in request
    .sentence = The sign-in request arrived incomplete or damaged.
    .advice = Close this tab and start again from the service, without using a bookmark or the “Back” button.
stop-request-late = Sending was interrupted
    .sentence = Your browser did not finish sending the request in time. The connection to the Internet may be too slow, or cut off.
    .advice = Check your connection to the Internet, then try again.
stop-request-stale = Sign-in request too old
    .sentence = This sign-in request is no longer valid: it was made too long ago, or the service’s clock is wrong.
    .advice = Start again from the service. If the same message comes back at once, tell support.
stop-request-unsigned = Sign-in request refused
    .sentence = The origin of this sign-in request could not be verified. It was refused for your security.
    .advice = Start again from the service. If the same message comes back, tell support: you did nothing wrong.
stop-request-signature = Sign-in request refused
    .sentence = This sign-in request was altered on its way, or does not come from where it says. It was refused for your security.
    .advice = Start again from the service. If the same message comes back, tell support: you did nothing wrong.
stop-request-wrong-destination = Request sent to the wrong address
    .sentence = This sign-in request was meant for another address than this one.
    .advice = Start again from the service. If the same message comes back, tell support: you did nothing wrong.
stop-request-too-large = Sign-in request too long
    .sentence = The sign-in request is larger than what is accepted.
    .advice = Start from the home page of the service rather than from a direct link. If the same message comes back, tell support.
stop-acs-unknown = No way back to the service
    .sentence = The service wants the answer sent to an address that is not registered here. Nothing was passed on to it, for your security.
    .advice = Start from the home page of the service. If the same message comes back, tell support: you did nothing wrong.
stop-request-used = This sign-in is already done
    .sentence = This sign-in request has already been used. This happens with the “Back” button, or when the page is reloaded.
    .advice = If the service is already open, there is nothing to do. Otherwise, start again from the service.
stop-ticket-used = This step is already done
    .sentence = What you brought back from the sign-in page counts only once, and it has been used. This happens with the “Back” button, or when the page is reloaded.
    .advice = If the service is already open, there is nothing to do. Otherwise, choose “Try again”.
stop-too-often = Too many sign-ins in a row
    .sentence = This account came by here a great many times within a few minutes. Most often { $provider }, or another page, sends the browser back here without end: we have stopped there.
    .advice = Close the other tabs, wait a few minutes, then start again. If it happens once more, delete the cookies of that service in your browser, or contact support.
stop-unsupported-binding = Way of signing in not supported
    .sentence = The service asks for a way of signing in that is not offered here.
    .advice = Tell support: you did nothing wrong.
stop-start-refused = This link does not lead there any more
    .sentence = Signing in to { $provider } by this link is not possible, or no longer is. Nothing was passed on.
    .advice = Open the service as usual: it will bring you here. If the link is on a page of the university, tell support.
stop-sign-in-too-old = Sign-in too long ago
    .sentence = You signed in too long ago for { $provider }, and a newer sign-in could not be confirmed.
    .advice = Sign out, close all browser windows, then start again. If the same message comes back, tell support: you did nothing wrong.
stop-sign-in-unavailable = Sign-in unavailable for the moment
    .sentence = Your identity cannot be checked at the moment. Your password is not the problem.
    .advice = Try again in a few minutes.
stop-account-shut = Account closed
    .sentence = Your password is right, but your account is closed or suspended.
    .advice = If this does not seem right to you, contact support.
stop-password-must-change = Password to be changed
    .sentence = Your password is right, but it must be changed before you can sign in anywhere.
    .advice = Change your password, then start again with the new one.
stop-not-a-tester = Tests are reserved
    .sentence = Trying a sign-in is reserved for a few people, and not open to this account.
    .advice = If you have to try one, ask support to add your account. To use a service, open it as usual.
stop-record-not-found = Record not found
    .sentence = Your identity is confirmed, but your record was not found. { $provider } cannot be opened without it.
    .advice = Tell support. Once your record is in place, you will be able to sign in.
stop-mail-of-another = Shared e-mail address
    .sentence = Your identity is confirmed, but your e-mail address is also in somebody else’s record. { $provider } could mix up your two accounts.
    .advice = Ask support to give each of you an address of their own. Once this is done, you will be able to sign in.
stop-busy = Very busy right now
    .sentence = A great many people are signing in at the same time.
    .advice = Wait a minute, then try again.
stop-internal = Something went wrong
    .sentence = Something did not work on our side. You did nothing wrong.
    .advice = Try again in a few minutes.
stop-method-not-allowed = This page does not open this way
    .sentence = This address cannot be opened directly.
    .advice = Start from the service that you want to use.
stop-bad-host = Wrong address
    .sentence = This page was opened at an address that is not its own.
    .advice = Start from the service that you want to use. If you run this server, its log has both addresses and what to do, under the support code below.
stop-form-forged = Please fill in the form again
    .sentence = This form is no longer valid, or it was not sent from our page. It was ignored for your security.
    .advice = Open the page again and fill in the form once more.
stop-logout-failed = Signing out did not work
    .sentence = Your session could not be closed: it may still be open.
    .advice = Try again in a moment. On a shared computer, close all browser windows before you leave.
stop-logout-not-taken = Please sign out here yourself
    .sentence = The service that you come from sent you here for a sign-out. This server cannot act on that yet: your session here is as it was.
    .advice = Choose “Sign out here”. If the service still shows your account, sign out there, too. On a shared computer, then close all browser windows before you leave.

# The sheet for a service’s form (passerelle zoom-settings). Its readers run a service: technical words are allowed.
# The names of the fields stay those of the service.
sheet-title = What to type at Zoom
sheet-lead = On Zoom’s web portal, “Advanced > Single Sign-On”. Each field has the name that Zoom gives it; paste each value exactly as it is.
sheet-subject = For sp.{ $name }, from the configuration of { $origin }.
sheet-switched-off = sp.{ $name } is switched off here (enabled = false): nobody gets in until that line is gone.
sheet-mend-first = Mend this first
sheet-look-at = Look at this as well
sheet-copy = Copy
sheet-copied = Copied
sheet-sign-on = Tab “SAML”: who we are
sheet-security = Tab “SAML”: security and accounts
sheet-basic-mapping = Tab “SAML Response Mapping”: basic information
sheet-advanced-mapping = Tab “SAML Response Mapping”: advanced information
sheet-unplaced = Sent, with no field named
sheet-domains = Mail domains to have approved
sheet-transfer = Accounts that people had before
sheet-do-choose = Choose
sheet-do-lines = Type, in this order, the lines of
sheet-do-own-lines = Type lines of your own of
sheet-do-value = { $doing }: { $value }
sheet-do-missing = A value is missing
sheet-do-paste = Paste
sheet-do-tick = Tick
sheet-do-untick = Do not tick
sheet-do-unused = Leave empty
sheet-note-automatic-logout =
    { $hours ->
        [1] Zoom keeps a session of its own, which no sign-out here ends yet. One hour at most: that is how long a session lasts here.
       *[other] Zoom keeps a session of its own, which no sign-out here ends yet. { $hours } hours at most: that is how long a session lasts here.
    }
sheet-note-binding = HTTP-POST works too, with one more redirect.
sheet-note-certificate = One line, without BEGIN and END. It counts until { $until }; SHA-256 { $digest }. Zoom has one place for it: a change of key is made here and there in the same hour.
sheet-note-default-is-basic = No licence is sent: everybody gets this one, unless you choose another at Zoom.
sheet-note-default-is-none = Of whoever fits no line of “License Type”, Zoom leaves the licence as it is where there is an account, and makes no account otherwise.
sheet-note-domain = Ask for it in the account profile. Until Zoom has approved a domain, each person with an address in it has to confirm their first sign-in by a message of Zoom’s.
sheet-note-email = Exactly one address, in a domain of the university: Zoom makes the account under it.
sheet-note-email-is-name-id = The address is the NameID itself.
sheet-note-email-missing = No address is sent, and Zoom makes the account under one. Add a [[release]] for mail with field = “Email address” to the configuration.
sheet-note-employee-id = Zoom finds the account by this value: an address that changes makes no second account. Fill it in before everybody’s first sign-in. Zoom wants the domains approved, and takes one change of address in twelve hours.
sheet-note-employee-id-missing = Nothing that lasts is sent: an address that changes makes a second account, which takes a licence. Add a [[release]] for eduPersonUniqueId with field = “Employee Unique ID”.
sheet-note-encryption-off = Assertions to Zoom are not encrypted: it does not read the safe encryption, and the browser carries them over TLS.
sheet-note-encryption-on = Assertions are encrypted to the key in Zoom’s metadata.
sheet-note-lines-in-order = Zoom takes the first line whose text the value contains: the order counts, and no text may contain another one.
sheet-note-lines-of-your-own = Optional. Zoom takes the first line whose text the value contains: “employee” also takes “ex-employee”.
sheet-note-managed-certificate = Passerelle reads Zoom’s metadata from a file. Choose a new certificate of Zoom’s only once that file has been replaced.
sheet-note-managed-certificate-followed = Passerelle fetches Zoom’s metadata by itself, and as a rule holds a new certificate in it until an administrator accepts it. Choose that at Zoom only once it counts here: “passerelle status” says what waits.
sheet-note-name-missing = Nothing is sent for this field: accounts will not have this name.
sheet-note-name-refresh = Tick the box for an update at each sign-in: a name that changes at the university then changes at Zoom, too. Without the tick it is taken at the first sign-in only.
sheet-note-provision-user = The account is made at the first sign-in. With “Prior to Sign-In”, only people who were imported before get in (error 1020).
sheet-note-response-logs = Shows what Zoom has read, for seven days at most, and only since the box was ticked.
sheet-note-sign-logout = A logout request that is not signed may come from anybody. Passerelle does not act on such requests yet, and will take only those that are signed.
sheet-note-sign-out = Asks for confirmation, then ends the session here. A logout that Zoom itself asks for is not built yet.
sheet-note-sign-requests-later = Not yet: the metadata that stands here is a placeholder, and no signature of Zoom’s could be verified. Put Zoom’s own file in its place first (/saml/metadata/sp).
sheet-note-sign-requests-needed = A request that is not signed is refused here.
sheet-note-sign-requests-unverified = Tick it and save, then take Zoom’s metadata again (passerelle sp add { $name } --replace --metadata URL): what stands here holds no key to verify a signature with. Only then write require-signed-requests = true: before that, it would shut everybody out.
sheet-note-sign-requests-wise = Proves that the request is Zoom’s. Then write require-signed-requests = true in the configuration.
sheet-note-signature-hash-differs = Beware: this provider gets signatures of { $algorithm }, which this form does not offer.
sheet-note-sp-certificate = Zoom’s own, shown there: nothing to enter. Those that count here are listed by “passerelle sp show { $name }”.
sheet-note-sp-name-alone = The other choice, { $other }, is not known here: add it to “aliases” before you take it.
sheet-note-sp-name-either = Or { $other }: both are known here.
sheet-note-transfer-domain = Under “Associated Domains”, have the domains above verified and choose to manage their users. Zoom then offers whoever had an account under such an address to transfer it.
sheet-note-transfer-people = Tell these people: when they sign in, Zoom shows a page “Switch to the New Account”, sends a message to the address, and asks them to sign in a second time. They can put it off, three times at most, and start again at any time.
sheet-note-transfer-what = These do not go over to the new account: the licence, which Zoom grants anew, reports and integrations.
sheet-note-unplaced = Sent to Zoom, but the configuration does not say for which field: write field = “…” there, or send it no more.
sheet-note-unsent = Nothing is sent for this field.
sheet-note-unsent-others = Those of them that your form has: nothing is sent for them.
sheet-note-vanity-url = Asked for only where the account has several addresses.
sheet-once-next = once keys.next signs for it, it { $what }
zoom-rule-authn-age = lets somebody go to Zoom who signed in { $minutes } minutes ago, and Zoom refuses a sign-in of 120 minutes
    .hint = write max-authn-age-minutes = 115, as the preset has it: a slow click needs some minutes
zoom-rule-certificate-ends = signs with the key whose certificate ends on { $until }; Zoom has one place for it, and from the change here to the change there nobody gets in
    .hint = `passerelle keys rollover start` makes the next one; agree on an hour with whoever fills in Zoom’s form, and change both then
zoom-rule-email-first = may send an address outside of our domains, with which Zoom makes an account that is not the university’s
    .hint = values = “one-in-mail-domain” sends the one address that is in organization.mail-domains, and stops whoever has none or several
zoom-rule-email-missing = sends nothing for Zoom’s field “Email address”, and the NameID is no address either: Zoom makes accounts under what is none
    .hint = release mail with field = “Email address” and values = “one-in-mail-domain”
zoom-rule-email-name-id = may name people by an address outside of our domains, with which Zoom makes their account
    .hint = values = “one-in-mail-domain” sends the one address that is in organization.mail-domains, and stops whoever has none or several
zoom-rule-email-several = may send several addresses, and some outside of our domains: each would be an account of its own at Zoom
    .hint = values = “one-in-mail-domain” sends the one address that is in organization.mail-domains, and stops whoever has none or several
zoom-rule-employee-id-changes = makes Zoom’s field “Employee Unique ID” of { $name }, which changes: a second account would be made on that day
    .hint = release something that a person keeps for life with field = “Employee Unique ID”, as eduPersonUniqueId
zoom-rule-employee-id-missing = sends nothing for Zoom’s field “Employee Unique ID”: a changed address makes a second account, which takes a licence
    .hint = release something that a person keeps for life with field = “Employee Unique ID”, as eduPersonUniqueId
zoom-rule-encryption = encrypts the assertions, and the library that Zoom is taken to use reads no AES-GCM: nobody would get in
    .hint = write encrypt = “never”, as the preset has it: the browser carries the answer over TLS in any case
zoom-rule-encryption-to-come = encrypts the assertions from the day on which Zoom’s metadata holds a key for it, and the library that Zoom is taken to use reads no AES-GCM
    .hint = write encrypt = “never”, as the preset has it: the browser carries the answer over TLS in any case
zoom-rule-entity-ids = { $other } is not registered, and Zoom asks under it where its administrator chooses that
    .hint = add it to `aliases`: Zoom’s form offers the host alone and the host with https://
zoom-rule-line-without-value = { $name }: no value ever meets the line for { $text }
    .hint = a slip in one of the two?
zoom-rule-lines-apart = { $name }: the line for { $inner } at Zoom also takes { $outer }, which contains it
    .hint = choose texts of which none is a part of another one
zoom-rule-name-id = sends no NameID, and Zoom refuses an answer without one
    .hint = write { $line }, as the preset has it
zoom-rule-session = ends Zoom’s session { $minutes } minutes after somebody signed in; Zoom refuses an end that is over by its clock
    .hint = leave it out, and have Zoom’s form enforce the logout
zoom-rule-signature = signs with { $algorithm } over { $digest }, and Zoom’s form knows SHA-1 and SHA-256 alone; only RSA keys were seen there
    .hint = write signature = “rsa-sha256”, with an RSA key in keys.signing
zoom-rule-signed-assertion = leaves the assertion unsigned, and that is what Zoom’s own instructions have signed
    .hint = write sign = “assertion”, as the preset has it, or “both”
zoom-rule-taken-by-another = { $name }: { $value } meets the line for { $text } before its own
    .hint = put the line with the longer text first, or choose other texts
zoom-rule-value-without-line = { $name }: no line takes { $value }: Zoom leaves such a person’s licence as it is, and makes no account for whoever has none
    .hint = add a line for it to `lines`
provider-elliptic-key = nobody says whether this provider verifies ECDSA, as the first of keys.signing is an elliptic curve; many do not
    .hint = “ecdsa-sha256” if it does; otherwise “rsa-sha256”, with an RSA key in keys.signing
provider-elliptic-next-key = nobody says whether this provider verifies ECDSA, as keys.next is an elliptic curve; many do not
    .hint = “ecdsa-sha256” if it does; otherwise “rsa-sha256”, with an RSA key in keys.signing
provider-metadata-without-end = stands without max-validity-days: whoever has an older version that was signed once can have it count again
    .hint = write for how many days at most the signer lets its metadata count
provider-name-of-two = is made of mail addresses, and there are several mail-domains: a rule that leaves the domain out gives two people one name
    .hint = make it of something that is one person’s alone: eduPersonUniqueId, for example
provider-sha-over = { $last } is over: requests signed with SHA-1 are refused
    .hint = take the line out once the provider signs with SHA-256
provider-sha-taken = requests signed with SHA-1 are taken until the end of { $last } (UTC)
    .hint = have the provider sign with RSA-SHA256
provider-values-overlap = { $name }: “{ $inner }” is a part of “{ $outer }”; a provider that looks for it finds both
    .hint = choose values of which none is a part of another one
sheet-told-next-key = the certificate on this sheet is that of our next key: with it nobody gets in before this provider is switched to that key, and with the one before it nobody does afterwards
    .hint = save it there, and at once `passerelle keys rollover switch { $sp }` and `passerelle reload` here; or save it there at the time that --at named here
sheet-told-present-key = the key whose certificate is on this sheet signs for this provider until { $until }: from then on it is the next key, and nobody gets in with this certificate
    .hint = save the sheet that --next prints at that time

# The questions of passerelle init. Whoever answers them runs a service: technical words are allowed.

init-lead = Five questions; some have several parts, which bear its number. Enter takes what stands in brackets, and nothing is written before the last answer.
init-base-url = 1/5  Address of this server for browsers, like { $example }
init-sign-in = 2/5  Where do people sign in? The address of the CAS server, without /login ({ $cas }), or that of the directory ({ $ldap })
init-directory = 2/5  Address of the directory that says what is known of these people, like { $example } [none: CAS says it]
init-ldap-base = 2/5  Entry of the directory below which people are, like { $example }
init-ldap-bind-dn = 2/5  Name (DN) of our account in the directory [none]
init-ldap-password-file = 2/5  File of its password, which nobody else can read [back to the account]. This makes one, in another window: install -m 400 /dev/stdin FILE (type the password, Enter, Ctrl-D)
init-contact = 3/5  Mail address of whoever runs this server; it is published in our metadata
init-mail-domains = 3/5  Mail domains of your people, students’ too, with commas between them [{ $proposed }]
init-languages = 4/5  Languages of your texts [{ $proposed }]
init-support-text = 5/5  How does somebody open a support ticket? In French, in one sentence
init-support-text-en = 5/5  The same sentence in English
init-support-link = 5/5  Web address where that is done [none]
init-needed = An answer is needed here.
init-wanted-base-url = Wanted: the https address of this server, with nothing after its name, like { $example }.
init-wanted-sign-in = Wanted: the https address of the CAS server, or the ldaps or ldap address of the directory.
init-wanted-cas = Wanted: the https address of the CAS server, without /login at its end, like { $example }.
init-wanted-ldap = Wanted: the ldaps address of the directory’s server, like { $example }, or its ldap address for StartTLS.
init-wanted-dn = Wanted: the name of an entry (DN), like { $example }.
init-wanted-ldap-password-file = Wanted: the path of a file that exists, holds nothing but the password and is readable by its owner alone.
init-wanted-ca = Wanted: the path of a PEM file with the certificates of the authorities.
init-wanted-state-folder = Wanted: the path of a folder that exists, and that the service’s user alone may write to.
init-wanted-contact = Wanted: a mail address, like { $example }.
init-wanted-mail-domains = Wanted: one domain or several, with commas between them, like { $example }.
init-wanted-languages = Wanted: fr, or fr,en.
init-wanted-sentence = Wanted: a short text, on one line.
init-wanted-link = Wanted: a web address, like { $example }.
init-look = Look at { $file }. What was not said of your organization comes from its mail domains:
init-explained = { $file } explains every key.
init-account = For a try: { $login }, password { $password }. It is shown only this once.
init-as-root = You are root, and so what was made is root’s. The line that follows gives it to the service’s user; after that put “sudo -u passerelle” before check and serve.
init-next = Next:
init-try-it = Open { $url } in a browser on this machine, press the button and the one on the page that comes, and sign in as { $login }: you see what a service would be told, and nothing is sent. Zoom itself is added by the first of these, and the second prints what to type into its form:
init-try-first = To try all of it before anybody is sent here: switch on [test] at the end of { $file }, with your own login, and once the server runs open { $url }/test. You see what Zoom would be told of you, and nothing is sent.
init-later = To be switched on as well in { $file }, where each line stands: [alerts.mail], to hear weeks before which certificate ends, and [texts], for your start page ({ $texts }).
init-try-support = This is a try: there is no help desk.
