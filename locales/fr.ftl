# Les textes des pages, en français. Chaque clé existe aussi dans en.ftl : un test y veille.
#
# Écrire simplement, vouvoyer, ne rien dire de technique, éviter les accords qui genrent la
# personne. Apostrophe courbe ’. Espaces insécables : U+00A0 avant « : » et dans les guillemets,
# U+202F avant « ; », « ! » et « ? » : un test y veille aussi. Éviter « de » et « que » devant
# $provider (élision) : écrire « à », « avec », « vers ».

language-name = Français
language-label = Langue de la page
page-title = { $title } – { $organization }
lab-banner = Mode laboratoire : adresses http autorisées, ne pas utiliser en production.
help-title = Besoin d’aide ?
help-link = Contacter l’assistance

continue-to = Continuer vers { $provider }
start-title = Accéder à { $provider }
start-lead = Vous allez vous connecter à { $provider } avec l’identifiant et le mot de passe de votre ENT.
start-unasked = Si vous ne vouliez pas y aller, fermez cette page : rien n’a été transmis.

about-information = À propos de { $provider }
about-privacy = Vie privée chez { $provider }

login-title = Se connecter à { $provider }
login-lead = Utilisez l’identifiant et le mot de passe de votre ENT.
login-username = Identifiant
login-password = Mot de passe
login-submit = Se connecter
login-promise = Votre mot de passe reste à l’université : il n’est jamais transmis à { $provider }.
login-refused-credentials = Identifiant ou mot de passe incorrect. Vérifiez les majuscules et les chiffres, puis réessayez.
login-refused-wait-seconds =
    { $seconds ->
        [one] Trop de tentatives. Réessayez dans une seconde.
       *[other] Trop de tentatives. Réessayez dans { $seconds } secondes.
    }
login-refused-wait-minutes =
    { $minutes ->
        [one] Trop de tentatives. Réessayez dans une minute.
       *[other] Trop de tentatives. Réessayez dans { $minutes } minutes.
    }
login-refused-busy = Beaucoup de personnes se connectent en ce moment. Patientez quelques instants, puis réessayez.
login-forgotten = Mot de passe oublié, expiré ou bloqué ?

password-link = Changer mon mot de passe
ends-title = Votre mot de passe expire bientôt
ends-title-ended = Votre mot de passe a expiré
ends-in-days =
    { $days ->
        [0] Il expire dans moins de 24 heures.
        [1] Il expire demain.
       *[other] Il expire dans { $days } jours.
    }
ends-in-sign-ins =
    { $count ->
        [0] Cette connexion est la dernière qu’il permet.
        [1] Il permet encore une connexion après celle-ci.
       *[other] Il permet encore { $count } connexions après celle-ci.
    }
ends-advice = Changez-le dès maintenant pour ne pas perdre votre accès. Vous pouvez aussi continuer et le faire plus tard.
ends-advice-last = Changez-le dès maintenant : la prochaine fois, il ne vous permettra plus de vous connecter.

post-title = Connexion à { $provider }
post-signed-in = Connexion réussie, vous allez être redirigé vers { $provider }…
post-answered = Vous allez être redirigé vers { $provider }…
post-hint = Si rien ne se passe, choisissez « Continuer ».
post-submit = Continuer

logout-title = Se déconnecter
logout-question = Voulez-vous vous déconnecter ?
logout-person = Session ouverte : { $person }
logout-scope = Les services déjà ouverts peuvent rester connectés : pensez à les quitter aussi.
logout-submit = Se déconnecter
logged-out-title = Déconnexion effectuée
logged-out-text = Votre session est terminée. Sur un ordinateur partagé, fermez aussi toutes les fenêtres du navigateur.
nothing-title = Aucune session ouverte
nothing-text = Aucune session n’est ouverte dans ce navigateur : il n’y a rien à fermer.

not-found-title = Page introuvable
not-found-text = Il n’y a pas de page à cette adresse. Le lien est peut-être ancien, ou l’adresse mal recopiée.
not-found-advice = Repartez du service auquel vous voulez accéder, ou de la page d’accueil.

framed-title = Continuez dans une fenêtre à part
framed-lead = Pour votre sécurité, la connexion ne se fait pas à l’intérieur d’une page d’un autre site. Choisissez votre service dans une nouvelle fenêtre.
framed-open = Ouvrir dans une nouvelle fenêtre

home-title = Connexion aux services en ligne
home-lead = Les services ci-dessous s’ouvrent avec l’identifiant et le mot de passe de votre ENT. Choisissez-en un pour commencer.
home-lead-empty = Cette adresse ouvre les services en ligne de l’université avec l’identifiant et le mot de passe de votre ENT. Aucun n’est disponible en ce moment.
home-services = Services
home-sign-in = Se connecter à { $provider }
home-no-link = Ouvrez ce service comme d’habitude : il vous amènera ici.
home-good-to-know = Bon à savoir
home-once = Vous vous identifiez une fois : les services que vous ouvrez ensuite vous reconnaissent.
home-password = Votre mot de passe se tape ici ou sur la page de connexion de l’université, jamais chez un service.
home-shared = Sur un ordinateur partagé, déconnectez-vous avant de partir.
home-last-change = Page mise à jour le { date }.
date =
    { $day ->
        [1] 1er
       *[other] { $day }
    } { $month ->
        [1] janvier
        [2] février
        [3] mars
        [4] avril
        [5] mai
        [6] juin
        [7] juillet
        [8] août
        [9] septembre
        [10] octobre
        [11] novembre
       *[other] décembre
    } { $year }
home-back = Aller à la page d’accueil
home-logout = Se déconnecter

trial-list-title = Essayer une connexion
trial-list-lead = Connectez-vous comme d’habitude, et voyez ce que le service recevrait. Rien ne lui est transmis.
trial-list-none = Aucun service n’est ouvert en ce moment.
trial-begin = Essayer avec { $provider }
trial-taken = { $provider } accepterait cette connexion
trial-refused = { $provider } refuserait cette connexion
trial-rules-kept = Cette connexion suit toutes les règles
trial-rules-broken = Cette connexion enfreint une règle au moins
trial-lead = Ceci est un essai : rien n’a été transmis à { $provider }, et rien de ce qui suit n’ouvre un accès.
trial-shut-out = Ce qui est transmis rencontre, dans le formulaire de { $provider }, la ligne de la licence { $license }, qui laisse la personne dehors : voir License Type ci-dessous.
trial-no-line = Dans le formulaire de { $provider }, aucune ligne de License Type ne prend ce qui est transmis : qui n’y a pas de compte n’en reçoit pas, et un compte existant garde sa licence.
trial-untried = Ce qui n’est pas essayé ici : si { $provider } possède notre certificat, et s’il sait déchiffrer ce qui est chiffré pour lui.
trial-strict = Les règles sont celles d’un lecteur strict, qui lit comme Zoom. { $provider } peut accepter ce qu’elles refusent.
trial-refusals = Pourquoi
trial-advice = À améliorer
trial-encrypted = En vrai, tout ceci serait chiffré pour { $provider }. C’est montré ici en clair.
trial-told = Ce que { $provider } recevrait
trial-told-nothing = Rien que le fait de la connexion.
trial-name = Identifiant (NameID)
trial-who = La connexion essayée
trial-person = Compte
trial-method = Vérifié par
trial-method-cas = le serveur CAS
trial-method-ldap = l’annuaire
trial-method-local = l’annuaire intégré
trial-method-session = { $method }, dans une session déjà ouverte
trial-at = Vérifié le
trial-origin = D’où vient chaque information
trial-origin-name = Nom dans la réponse
trial-origin-source = Attribut d’origine
trial-origin-rule = Règle
trial-origin-nothing = aucun
trial-origin-format = Format
trial-taken-address = la seule adresse de nos domaines
trial-taken-all = transmis tel quel
trial-taken-derived = calculé pour ce service, toujours le même
trial-taken-drawn = tiré au sort pour cette réponse
trial-taken-first = la première valeur seulement
trial-gives = ce qui donne : { $value }
trial-withheld = Ce qui n’est pas transmis
trial-withheld-lead = Ces attributs sont connus, et rien de ce qui serait transmis n’en vient :
trial-withheld-none = Tout ce qui est connu sert à ce qui serait transmis.
trial-rules = Les { $count } règles du lecteur strict
trial-rules-lead = Chaque ligne dit ce qu’une règle refuse, et si la réponse le contient. « Pas constaté » : la règle est respectée.
trial-rule-kept = Pas constaté :
trial-rule-broken = Constaté :
trial-xml = La réponse SAML, décodée
trial-xml-lead = Telle qu’elle serait envoyée, mais signée avec une clé jetable que personne ne reconnaît.
trial-xml-certificate = Ne copiez pas le certificat qui s’y trouve vers { $provider } : c’est celui de la clé jetable, et aucune vraie connexion ne passerait. Le nôtre est dans nos métadonnées :
trial-decisions = Les décisions prises
trial-again = Faire un autre essai
trial-other-person = Se déconnecter, pour essayer avec un autre compte

# Ce qu’une règle enfreinte du lecteur strict veut dire, et ce que chaque décision a donné. Qui essaie une connexion
# connaît les mots de SAML, ou les retrouve dans la norme : ils restent tels quels.
rule-encoding = SAMLResponse n’est pas en base64.
rule-too-large = Le message est plus grand ou plus profond qu’une Response n’a besoin de l’être.
rule-doctype = Il y a une déclaration de type de document.
rule-comment = Il y a un commentaire.
rule-processing-instruction = Il y a une instruction de traitement.
rule-not-xml = Le message n’est pas du XML bien formé en UTF-8.
rule-not-a-response = Le message n’est pas une Response SAML 2.0.
rule-shape = Un élément, un attribut ou un texte se trouve là où la Response d’une connexion n’en a pas, ou dans un autre ordre.
rule-xsi-type = Une valeur porte un attribut type de XML Schema (xsi), que certains services perdent en route.
rule-response-version = La Version de la Response n’est pas 2.0.
rule-response-id = La Response n’a pas d’ID utilisable.
rule-response-issue-instant = La Response a été émise à plus de { $skew } secondes de l’heure actuelle, ou ne dit pas quand.
rule-destination = Destination n’est pas exactement l’adresse du service (AssertionConsumerService).
rule-response-issuer = L’Issuer de la Response n’est pas exactement le fournisseur d’identité.
rule-issuer-format = Un Issuer a un autre format que celui d’une entité.
rule-response-in-response-to = La Response répond à une autre demande que celle qui a été envoyée.
rule-unsolicited = La Response ne répond à aucune demande : rien n’empêche de la rejouer.
rule-status-top = Le premier StatusCode n’est aucun des quatre de la norme.
rule-status-second = Le statut n’a pas le bon nombre de niveaux.
rule-status-message = Le statut contient plus que des codes.
rule-assertion-beside-error = Il y a une assertion à côté d’un statut d’erreur.
rule-one-assertion = Il n’y a pas exactement une assertion.
rule-encrypted = Quelque chose est chiffré.
rule-unsigned = Ni la Response ni l’assertion ne sont signées.
rule-signature-digest = Le contenu a été modifié après avoir été signé.
rule-signature-key = Une signature n’a pas été faite avec une clé du fournisseur d’identité.
rule-signature-algorithm = Une signature ou une empreinte est d’un algorithme qui n’est pas accepté.
rule-canonicalization = Une signature ne repose pas sur la canonicalisation exclusive.
rule-signature-place = Une signature se trouve ailleurs que dans ce qu’elle couvre.
rule-signature-profile = Une signature n’a pas la forme que SAML prévoit.
rule-key-info = KeyInfo contient un autre certificat que celui qui a été donné au service.
rule-assertion-version = La Version de l’assertion n’est pas 2.0.
rule-assertion-id = L’assertion n’a pas d’ID utilisable.
rule-same-id = Un ID figure deux fois.
rule-weak-id = Un ID ne ressemble pas à un tiret bas suivi de 128 bits tirés au sort.
rule-assertion-issue-instant = L’assertion a plus de { $assertion } secondes, vient du futur, ou ne dit pas quand elle a été émise.
rule-assertion-issuer = L’Issuer de l’assertion n’est pas exactement le fournisseur d’identité.
rule-name-id = Il n’y a pas de NameID de 1 à { $name } caractères.
rule-name-id-address = Le NameID se dit adresse électronique et n’y ressemble pas.
rule-bearer = Il n’y a pas exactement une SubjectConfirmation, de type bearer et avec ses données.
rule-subject-not-before = SubjectConfirmationData a un NotBefore.
rule-subject-not-on-or-after = La confirmation du sujet a expiré, ou ne dit pas quand elle expire.
rule-recipient = Recipient n’est pas exactement l’adresse du service (AssertionConsumerService).
rule-subject-in-response-to = La confirmation du sujet répond à une autre demande que celle qui a été envoyée.
rule-not-before = L’assertion n’est pas encore valable.
rule-not-before-margin = NotBefore n’est pas de { $least } à { $most } secondes en arrière.
rule-not-on-or-after = L’assertion a expiré, ou ne dit pas quand elle expire.
rule-lifetime = L’assertion peut servir pendant plus de { $lifetime } minutes.
rule-audience-restriction = Il n’y a pas exactement une AudienceRestriction avec une Audience.
rule-audience = L’Audience n’est pas exactement le service.
rule-one-time-use = Il y a une condition OneTimeUse.
rule-unknown-condition = Il y a une autre condition qu’AudienceRestriction.
rule-authn-statement = Il n’y a pas exactement un AuthnStatement.
rule-authn-instant = La connexion a plus de { $authn } secondes, vient du futur, ou n’a pas d’AuthnInstant.
rule-session-not-on-or-after = La session est déjà terminée.
rule-session-index = Il n’y a pas de SessionIndex.
rule-authn-context = Il n’y a pas exactement une AuthnContextClassRef.
rule-attribute-statement = Il y a plus d’un AttributeStatement.
rule-attribute = Un attribut n’a pas de nom ou pas de valeur.
rule-repeated-attribute = Un attribut figure deux fois.
rule-attribute-value = Une valeur d’attribut n’est pas un texte de { $value } caractères au plus.
decision-signature-verified = La signature de la demande est vérifiée.
decision-signature-not-demanded = La demande n’est pas signée, et n’a pas à l’être.
decision-click-on-our-page = Il n’y a pas de demande : la connexion a commencé sur notre page.
decision-click-for-a-trial = Il n’y a pas de demande : c’est un essai, et rien n’est transmis.
decision-address-of-the-metadata = L’adresse de retour figure dans les métadonnées du service.
decision-address-by-default = L’adresse de retour est celle que les métadonnées du service ont par défaut.
decision-session-used = La session déjà ouverte sert.
decision-session-none = Ce navigateur n’a pas de session ouverte.
decision-session-just-ended = La session vient de se terminer.
decision-session-unknown = La mémoire des sessions n’a pas répondu.
decision-session-not-forced = La session ne sert pas : la demande exige une nouvelle connexion.
decision-session-too-old = La session ne sert pas : elle est plus ancienne que ce service ne l’accepte.
decision-session-of-another-class = La session ne sert pas : elle n’est pas du type que la demande accepte.
decision-session-of-another = La session ne sert pas : la demande nomme quelqu’un d’autre.
decision-proven = L’identité est prouvée ({ $about }).
decision-signed-in = Connexion au serveur CAS : { $word }.
decision-sign-in-not-new = Le serveur CAS ne prouve pas que la connexion est nouvelle.
decision-sign-in-too-old = La connexion au serveur CAS est plus ancienne que ce service ne l’accepte.
decision-began-under = Ce qui précède se trouve sous le code { $word }, qui a pu être affiché à quelqu’un d’autre.
decision-ticket-refused = Le serveur CAS refuse le ticket ({ $word }).
decision-cas-silent = Le serveur CAS ne répond pas : le mot de passe est demandé ici.
decision-record-found = Le dossier de la personne est dans l’annuaire.
decision-record-of-cas = L’annuaire ne répond pas : ce que dit le serveur CAS sert à sa place.
decision-password-refused = Le mot de passe n’ouvre rien ({ $word }).
decision-password-delayed = Le mot de passe n’a pas été examiné ({ $word }).
decision-password-ends-soon = Le mot de passe est juste, et expire bientôt.
decision-context-not-taken = La connexion n’est pas du type que la demande accepte.
decision-subject-is-another = La personne n’est pas celle que la demande nomme.
decision-subject-of-nobody = Personne ici ne porte le nom temporaire que la demande donne.
decision-as-the-source-has-it = { $about } : repris de la source (nombre de valeurs : { $count }).
decision-by-its-rule = { $about } : calculé par sa règle (nombre de valeurs : { $count }).
decision-rule-misses-a-value = { $about } : sans valeur, car sa règle utilise une valeur qui manque.
decision-rule-worked-too-much = { $about } : sans valeur, car sa règle a dépassé le travail permis.
decision-rule-gave-too-much = { $about } : sans valeur, car le résultat de sa règle est trop grand.
decision-rule-gave-no-text = { $about } : sans valeur, car le résultat de sa règle n’est pas un texte.
decision-rule-took-a-list-for-text = { $about } : sans valeur, car sa règle utilise une liste comme un texte.
decision-rule-is-unsuitable = { $about } : sans valeur, car sa règle ne convient pas aux valeurs.
decision-sent = { $about } : transmis (nombre de valeurs : { $count }).
decision-not-sent = { $about } : pas transmis, sans valeur.
decision-not-of-the-federation = { $about } : pas transmis, car le service n’a pas l’attribut d’entité voulu.
decision-not-requested = { $about } : pas transmis, car le service ne le demande pas.
decision-not-required = { $about } : pas transmis, car le service ne l’exige pas.
decision-required-is-missing = { $about } : exigé, et sans valeur. La connexion s’arrête.
decision-several-of-one = { $about } : rien n’est pris, car il y a plusieurs valeurs là où une seule est possible.
decision-dropped-empty = { $about } : des valeurs vides sont écartées (nombre : { $count }).
decision-dropped-too-long = { $about } : des valeurs de plus de { $most } caractères sont écartées (nombre : { $count }).
decision-dropped-character = { $about } : des valeurs avec un caractère de contrôle, ou que XML n’admet pas, sont écartées (nombre : { $count }).
decision-dropped-scope = { $about } : des valeurs hors de nos domaines (scopes) sont écartées (nombre : { $count }).
decision-no-address = { $about } : aucune adresse de nos domaines. La connexion s’arrête.
decision-several-addresses = { $about } : plusieurs adresses de nos domaines. La connexion s’arrête.
decision-name-is-address = Le NameID est l’adresse de nos domaines ({ $about }).
decision-name-derived = Le NameID est calculé pour ce service, à partir de { $about }.
decision-name-drawn = Le NameID est tiré au sort pour cette réponse.
decision-name-as-it-stands = Le NameID est la valeur de { $about }, telle quelle.
decision-name-none = Ce service ne reçoit pas de NameID.
decision-name-has-no-value = Pas de NameID : { $about } n’a pas de valeur utilisable. La connexion s’arrête.
decision-name-has-several-values = Pas de NameID : { $about } a plusieurs valeurs. La connexion s’arrête.
decision-address-of-another = Une autre personne a la même adresse. La connexion s’arrête.
decision-address-unchecked = L’annuaire n’a pas dit si une autre personne a la même adresse.
decision-issued = La réponse est faite.
decision-issued-as-fault = La réponse dit au service qu’il n’y a pas de connexion ({ $word }).
decision-shown = La réponse est montrée, et n’est pas transmise.

stop-advice-title = Que faire ?
stop-support-title = Demander de l’aide
stop-support-lead = Contactez l’assistance en indiquant ce code :
stop-support-code = Code d’assistance
stop-reference = Référence
stop-again = Réessayer
stop-way-out = Recommencer la connexion à { $provider }
stop-way-out-form = Rouvrir la page
stop-way-out-logout = Réessayer de se déconnecter
stop-way-out-logout-here = Se déconnecter ici
stop-way-out-host = Ouvrir la bonne adresse
stop-way-out-trial = Revenir aux essais
stop-trial = Ceci était un essai : rien n’a été transmis.
stop-trial-same-page = Une personne qui se connecte pour de bon est arrêtée ici, elle aussi : elle lit ce qui est écrit ci-dessus, puis le conseil ci-dessous.
stop-trial-provider-told = Une personne qui se connecte pour de bon ne voit pas cette page : le service apprend que la connexion n’a pas eu lieu, et montre sa propre page.
stop-trial-in-same-case = Dans le même cas, une vraie connexion serait arrêtée ici aussi.
stop-trial-goes-on = Seuls les essais s’arrêtent ici : une personne qui se connecte pour de bon ne voit pas cette page.
stop-trial-advice-title = Le conseil que lit cette personne
stop-trial-why = Ce qui a mené à cet arrêt
stop-trial-why-lead = Seuls les essais montrent ce qui suit. Une personne qui se connecte pour de bon ne le voit pas.
stop-trial-values = Valeurs

stop-journey-expired = Cette page a expiré
    .sentence = La connexion est restée trop longtemps en attente. Par sécurité, elle a été interrompue.
    .advice = Recommencez depuis le service auquel vous voulez accéder.
stop-journey-forged = Cette adresse n’est pas complète
    .sentence = L’adresse de cette page est coupée ou abîmée. Cela arrive quand un lien est recopié en partie.
    .advice = Recommencez depuis le service auquel vous voulez accéder, sans passer par ce lien.
stop-other-browser = Connexion commencée ailleurs
    .sentence = Cette connexion a commencé dans un autre navigateur ou sur un autre appareil, ou bien les cookies de votre navigateur ont été effacés entre-temps.
    .advice = Recommencez, et allez jusqu’au bout dans le même navigateur.
stop-cookies-blocked = Les cookies sont bloqués
    .sentence = Votre navigateur refuse les cookies. Sans eux, il n’est pas possible de vous connecter en sécurité.
    .advice = Autorisez les cookies pour cette adresse dans les réglages du navigateur, ou utilisez un autre navigateur, puis recommencez.
stop-no-mail = Adresse de messagerie manquante
    .sentence = Votre identité est bien confirmée, mais votre dossier ne contient aucune adresse de messagerie universitaire utilisable. Sans cette adresse, l’accès à { $provider } n’est pas possible.
    .advice = Demandez à l’assistance de renseigner votre adresse universitaire. Dès que ce sera fait, vous pourrez vous connecter.
stop-several-mails = Plusieurs adresses de messagerie
    .sentence = Votre identité est bien confirmée, mais votre dossier contient plusieurs adresses de messagerie universitaires. Il n’est pas possible de savoir laquelle utiliser avec { $provider }.
    .advice = Demandez à l’assistance de n’en garder qu’une comme adresse principale. Dès que ce sera fait, vous pourrez vous connecter.
stop-missing-attribute = Information manquante
    .sentence = Votre identité est bien confirmée, mais il manque une information dans votre dossier : « { $attribute } ». Sans elle, l’accès à { $provider } n’est pas possible.
    .advice = Demandez à l’assistance de compléter votre dossier. Dès que ce sera fait, vous pourrez vous connecter.
stop-provider-unknown = Service inconnu
    .sentence = La demande de connexion vient d’un service qui n’est pas enregistré ici.
    .advice = Vérifiez l’adresse du service auquel vous voulez accéder. Si elle est correcte, prévenez l’assistance.
stop-provider-disabled = Service non ouvert ici
    .sentence = La connexion à { $provider } n’est pas, ou n’est plus, ouverte ici.
    .advice = Réessayer n’y changera rien. Pour savoir pourquoi, ou par quoi ce service est remplacé, contactez l’assistance.
stop-provider-ended = Service fermé pour le moment
    .sentence = La connexion à { $provider } est fermée pour le moment.
    .advice = Réessayez plus tard. Pour savoir quand le service rouvrira, contactez l’assistance.
stop-provider-broken = Service en réparation
    .sentence = Les réglages de la connexion à { $provider } sont en cours de réparation.
    .advice = Réessayez plus tard. Si cela dure, contactez l’assistance : vous n’y êtes pour rien.
stop-request-unreadable = Demande de connexion illisible
    .sentence = La demande de connexion est arrivée incomplète ou abîmée.
    .advice = Fermez cet onglet et recommencez depuis le service, sans utiliser un favori ni le bouton « Précédent ».
stop-request-late = Envoi interrompu
    .sentence = Votre navigateur n’a pas fini d’envoyer la demande à temps. La connexion à Internet est peut-être trop lente, ou coupée.
    .advice = Vérifiez votre connexion à Internet, puis réessayez.
stop-request-stale = Demande de connexion trop ancienne
    .sentence = Cette demande de connexion n’est plus valable : elle a été préparée il y a trop longtemps, ou l’horloge du service n’est pas à l’heure.
    .advice = Recommencez depuis le service. Si le même message revient aussitôt, prévenez l’assistance.
stop-request-unsigned = Demande de connexion refusée
    .sentence = L’origine de cette demande de connexion n’a pas pu être vérifiée. Par sécurité, elle est refusée.
    .advice = Recommencez depuis le service. Si le même message revient, prévenez l’assistance : vous n’y êtes pour rien.
stop-request-signature = Demande de connexion refusée
    .sentence = Cette demande de connexion a été modifiée en chemin, ou son origine n’est pas celle qu’elle annonce. Par sécurité, elle est refusée.
    .advice = Recommencez depuis le service. Si le même message revient, prévenez l’assistance : vous n’y êtes pour rien.
stop-request-wrong-destination = Demande envoyée à la mauvaise adresse
    .sentence = Cette demande de connexion était destinée à une autre adresse que celle-ci.
    .advice = Recommencez depuis le service. Si le même message revient, prévenez l’assistance : vous n’y êtes pour rien.
stop-request-too-large = Demande de connexion trop longue
    .sentence = La demande de connexion dépasse la taille acceptée.
    .advice = Repartez de la page d’accueil du service plutôt que d’un lien direct. Si le même message revient, prévenez l’assistance.
stop-acs-unknown = Retour vers le service impossible
    .sentence = Le service demande que la réponse soit envoyée à une adresse qui n’est pas enregistrée ici. Par sécurité, rien ne lui a été transmis.
    .advice = Repartez de la page d’accueil du service. Si le même message revient, prévenez l’assistance : vous n’y êtes pour rien.
stop-request-used = Cette connexion a déjà été faite
    .sentence = Cette demande de connexion a déjà servi. Cela arrive avec le bouton « Précédent », ou quand la page est rechargée.
    .advice = Si le service est déjà ouvert, il n’y a rien à faire. Sinon, recommencez depuis le service.
stop-ticket-used = Cette étape est déjà passée
    .sentence = Votre passage par la page de connexion ne compte qu’une fois, et il a déjà servi. Cela arrive avec le bouton « Précédent », ou lorsque la page est rechargée.
    .advice = Si le service est déjà ouvert, il n’y a rien à faire. Sinon, choisissez « Réessayer ».
stop-too-often = Trop de connexions à la suite
    .sentence = Ce compte est passé ici de très nombreuses fois en quelques minutes. Le plus souvent, { $provider } ou une autre page renvoie le navigateur ici sans fin : nous nous sommes arrêtés là.
    .advice = Fermez les autres onglets, attendez quelques minutes, puis recommencez. Si cela se reproduit, effacez les cookies de ce service dans votre navigateur, ou prévenez l’assistance.
stop-unsupported-binding = Mode de connexion non pris en charge
    .sentence = Le service demande une façon de se connecter qui n’est pas proposée ici.
    .advice = Prévenez l’assistance : vous n’y êtes pour rien.
stop-start-refused = Ce lien ne mène plus au service
    .sentence = La connexion à { $provider } par ce lien n’est pas possible, ou ne l’est plus. Rien n’a été transmis.
    .advice = Ouvrez le service comme d’habitude : il vous amènera ici. Si le lien se trouve sur une page de l’université, prévenez l’assistance.
stop-sign-in-too-old = Connexion trop ancienne
    .sentence = Votre connexion est trop ancienne pour accéder à { $provider }, et une connexion plus récente n’a pas pu être confirmée.
    .advice = Déconnectez-vous, fermez toutes les fenêtres du navigateur, puis recommencez. Si le même message revient, prévenez l’assistance : vous n’y êtes pour rien.
stop-sign-in-unavailable = Connexion momentanément indisponible
    .sentence = Il n’est pas possible de vérifier votre identité pour le moment. Votre mot de passe n’est pas en cause.
    .advice = Réessayez dans quelques minutes.
stop-account-shut = Compte fermé
    .sentence = Votre mot de passe est correct, mais votre compte est fermé ou suspendu.
    .advice = Si cela vous semble anormal, contactez l’assistance.
stop-password-must-change = Mot de passe à changer
    .sentence = Votre mot de passe est correct, mais il doit être changé avant toute connexion.
    .advice = Changez votre mot de passe, puis recommencez avec le nouveau.
stop-not-a-tester = Essais réservés
    .sentence = Les essais de connexion sont réservés à quelques personnes, et ne sont pas ouverts à ce compte.
    .advice = Si vous devez faire un essai, demandez à l’assistance d’y ajouter votre compte. Pour utiliser un service, ouvrez-le comme d’habitude.
stop-record-not-found = Dossier introuvable
    .sentence = Votre identité est bien confirmée, mais votre dossier n’a pas été trouvé. Sans lui, l’accès à { $provider } n’est pas possible.
    .advice = Prévenez l’assistance. Dès que votre dossier sera en place, vous pourrez vous connecter.
stop-mail-of-another = Adresse de messagerie partagée
    .sentence = Votre identité est bien confirmée, mais votre adresse de messagerie figure aussi dans le dossier d’une autre personne. Avec { $provider }, vos deux comptes pourraient être confondus.
    .advice = Demandez à l’assistance de donner à chaque personne sa propre adresse. Dès que ce sera fait, vous pourrez vous connecter.
stop-busy = Beaucoup de monde en ce moment
    .sentence = De très nombreuses personnes se connectent en même temps.
    .advice = Patientez une minute, puis réessayez.
stop-internal = Un problème est survenu
    .sentence = Quelque chose n’a pas fonctionné de notre côté. Vous n’y êtes pour rien.
    .advice = Réessayez dans quelques minutes.
stop-method-not-allowed = Cette page ne s’ouvre pas ainsi
    .sentence = Cette adresse ne peut pas être ouverte directement.
    .advice = Repartez du service auquel vous voulez accéder.
stop-bad-host = Mauvaise adresse
    .sentence = Cette page a été ouverte à une adresse qui n’est pas la sienne.
    .advice = Repartez du service auquel vous voulez accéder. Si vous administrez ce serveur, son journal donne les deux adresses et ce qu’il faut faire, sous le code d’assistance ci-dessous.
stop-form-forged = Formulaire à remplir de nouveau
    .sentence = Ce formulaire n’est plus valable, ou il n’a pas été envoyé depuis notre page. Par sécurité, il n’a pas été pris en compte.
    .advice = Rouvrez la page et remplissez de nouveau le formulaire.
stop-logout-failed = La déconnexion n’a pas abouti
    .sentence = Votre session n’a pas pu être fermée : elle est peut-être encore ouverte.
    .advice = Réessayez dans un instant. Sur un ordinateur partagé, fermez toutes les fenêtres du navigateur avant de partir.
stop-logout-not-taken = Déconnectez-vous ici vous-même
    .sentence = Le service d’où vous venez vous a envoyé ici pour une déconnexion. Ce serveur ne sait pas encore y donner suite : votre session ici est restée comme elle était.
    .advice = Choisissez « Se déconnecter ici ». Si le service affiche encore votre compte, déconnectez-vous aussi chez lui. Sur un ordinateur partagé, fermez ensuite toutes les fenêtres du navigateur avant de partir.

# La feuille pour le formulaire d’un service (passerelle zoom-settings). Ses lecteurs administrent un service :
# les mots techniques y sont permis. Les noms des champs restent ceux du service.
sheet-title = Ce qu’il faut saisir chez Zoom
sheet-lead = Sur le portail web de Zoom, « Advanced > Single Sign-On ». Chaque champ porte le nom que Zoom lui donne ; chaque valeur se colle telle quelle.
sheet-subject = Pour sp.{ $name }, d’après la configuration de { $origin }.
sheet-switched-off = sp.{ $name } est désactivé ici (enabled = false) : personne n’entre tant que cette ligne est là.
sheet-mend-first = À corriger d’abord
sheet-look-at = À regarder aussi
sheet-copy = Copier
sheet-copied = Copié
sheet-sign-on = Onglet « SAML » : qui nous sommes
sheet-security = Onglet « SAML » : sécurité et comptes
sheet-basic-mapping = Onglet « SAML Response Mapping » : correspondance de base
sheet-advanced-mapping = Onglet « SAML Response Mapping » : correspondance avancée
sheet-unplaced = Transmis, sans champ désigné
sheet-domains = Domaines de messagerie à approuver
sheet-transfer = Les comptes que des personnes avaient déjà
sheet-do-choose = Choisir
sheet-do-lines = Saisir, dans cet ordre, les lignes de
sheet-do-own-lines = Saisir vos propres lignes de
sheet-do-value = { $doing } : { $value }
sheet-do-missing = Il manque une valeur
sheet-do-paste = Coller
sheet-do-tick = Cocher
sheet-do-untick = Ne pas cocher
sheet-do-unused = Laisser vide
sheet-note-automatic-logout =
    { $hours ->
        [1] Zoom garde sa propre session, qu’aucune déconnexion d’ici ne ferme encore. Une heure au plus : c’est la durée d’une session ici.
       *[other] Zoom garde sa propre session, qu’aucune déconnexion d’ici ne ferme encore. { $hours } heures au plus : c’est la durée d’une session ici.
    }
sheet-note-binding = HTTP-POST fonctionne aussi, avec une redirection de plus.
sheet-note-certificate = Une seule ligne, sans BEGIN ni END. Valable jusqu’au { $until }, empreinte SHA-256 { $digest }. Zoom n’a qu’une place : un changement de clé se fait à la même heure ici et là.
sheet-note-default-is-basic = Aucune licence n’est transmise : tout le monde reçoit celle-ci, sauf choix contraire chez Zoom.
sheet-note-default-is-none = Pour qui ne correspond à aucune ligne de « License Type », Zoom laisse la licence comme elle est si un compte existe, et ne crée pas de compte sinon.
sheet-note-domain = À demander dans le profil du compte (Account Profile). Tant que Zoom n’a pas approuvé un domaine, chaque personne qui y a son adresse doit confirmer sa première connexion par un message de Zoom.
sheet-note-email = Une adresse exactement, d’un domaine de l’établissement : Zoom crée le compte sous cette adresse.
sheet-note-email-is-name-id = L’adresse est le NameID lui-même.
sheet-note-email-missing = Aucune adresse n’est transmise, et Zoom crée le compte sous une adresse. Ajouter à la configuration une règle [[release]] pour mail avec field = “Email address”.
sheet-note-employee-id = Zoom retrouve le compte par cette valeur : une adresse qui change ne crée pas de second compte. À renseigner avant la première connexion de tout le monde. Zoom veut les domaines approuvés, et n’accepte qu’un changement d’adresse en douze heures.
sheet-note-employee-id-missing = Rien de stable n’est transmis : une adresse qui change crée un second compte, qui prend une licence. Ajouter une règle [[release]] pour eduPersonUniqueId avec field = “Employee Unique ID”.
sheet-note-encryption-off = Les assertions ne sont pas chiffrées pour Zoom : il ne lit pas le chiffrement sûr, et le navigateur les porte sous TLS.
sheet-note-encryption-on = Les assertions sont chiffrées avec la clé des métadonnées de Zoom.
sheet-note-lines-in-order = Zoom prend la première ligne dont le texte est contenu dans la valeur : l’ordre compte, et aucun texte ne doit en contenir un autre.
sheet-note-lines-of-your-own = Facultatif. Zoom prend la première ligne dont le texte est contenu dans la valeur : « employee » prend aussi « ex-employee ».
sheet-note-managed-certificate = Passerelle lit les métadonnées de Zoom dans un fichier. Ne choisir un nouveau certificat de Zoom qu’après avoir remplacé ce fichier.
sheet-note-managed-certificate-followed = Passerelle relit elle-même les métadonnées de Zoom, et retient en règle générale un nouveau certificat jusqu’à ce qu’une administratrice ou un administrateur l’accepte. Ne le choisir chez Zoom qu’une fois qu’il compte ici : « passerelle status » dit ce qui attend.
sheet-note-name-missing = Rien n’est transmis pour ce champ : les comptes n’auront pas ce nom.
sheet-note-name-refresh = Cocher la case de mise à jour à chaque connexion : un nom qui change dans l’établissement change alors aussi chez Zoom. Sans cette coche, il n’est repris qu’à la première connexion.
sheet-note-provision-user = Le compte est créé à la première connexion. Avec « Prior to Sign-In », seules les personnes déjà importées entrent (erreur 1020).
sheet-note-response-logs = Montre ce que Zoom a lu, sept jours au plus, et seulement depuis que la case est cochée.
sheet-note-sign-logout = Une demande de déconnexion sans signature peut venir de n’importe qui. Passerelle ne traite pas encore ces demandes, et ne prendra que celles qui sont signées.
sheet-note-sign-out = Demande confirmation, puis ferme la session d’ici. La déconnexion demandée par Zoom lui-même n’est pas encore construite.
sheet-note-sign-requests-later = Pas encore : les métadonnées en place ici sont provisoires, et aucune signature de Zoom ne pourrait être vérifiée. Y mettre d’abord le fichier de Zoom (/saml/metadata/sp).
sheet-note-sign-requests-needed = Une demande sans signature est refusée ici.
sheet-note-sign-requests-unverified = Cocher et enregistrer, puis reprendre les métadonnées de Zoom (passerelle sp add { $name } --replace --metadata URL) : celles d’ici n’ont aucune clé pour vérifier une signature. Alors seulement, écrire require-signed-requests = true : avant cela, plus personne n’entrerait.
sheet-note-sign-requests-wise = Prouve que la demande vient de Zoom. Ensuite, écrire require-signed-requests = true dans la configuration.
sheet-note-signature-hash-differs = Attention : ce fournisseur reçoit des signatures { $algorithm }, que ce formulaire ne propose pas.
sheet-note-sp-certificate = Celui de Zoom, affiché là-bas : rien à saisir. Ceux qui comptent ici sont donnés par « passerelle sp show { $name } ».
sheet-note-sp-name-alone = L’autre choix, { $other }, n’est pas connu ici : l’ajouter à « aliases » avant de le prendre.
sheet-note-sp-name-either = Ou { $other } : les deux sont connus ici.
sheet-note-transfer-domain = Sous « Associated Domains », faire vérifier les domaines ci-dessus et choisir leur gestion (Manage users). Zoom propose alors à qui avait un compte sous une telle adresse de le transférer.
sheet-note-transfer-people = Prévenir ces personnes : à la connexion, Zoom montre une page « Switch to the New Account », envoie un message à l’adresse, et demande de se connecter une seconde fois. Elles peuvent remettre à plus tard, trois fois au plus, et recommencer à tout moment.
sheet-note-transfer-what = Ne passent pas au nouveau compte : la licence, que Zoom donne de nouveau, les rapports et les intégrations.
sheet-note-unplaced = Transmis à Zoom, mais la configuration ne dit pas pour quel champ : y écrire field = “…”, ou ne plus le transmettre.
sheet-note-unsent = Rien n’est transmis pour ce champ.
sheet-note-unsent-others = Ceux que le formulaire comporte : rien n’est transmis pour eux.
sheet-note-vanity-url = N’est demandé que si le compte a plusieurs adresses.
sheet-once-next = une fois que keys.next signera pour ce service : { $what }
zoom-rule-authn-age = laisse entrer chez Zoom quelqu’un qui s’est connecté il y a { $minutes } minutes, et Zoom refuse une connexion de 120 minutes
    .hint = écrire max-authn-age-minutes = 115, comme le préréglage : un clic lent demande quelques minutes
zoom-rule-certificate-ends = signe avec la clé dont le certificat finit le { $until } ; Zoom n’a qu’une place, et entre le changement ici et le changement là-bas personne n’entre
    .hint = `passerelle keys rollover start` crée la suivante ; convenir d’une heure avec qui remplit le formulaire de Zoom, et changer les deux à ce moment
zoom-rule-email-first = peut transmettre une adresse hors de nos domaines, avec laquelle Zoom crée un compte qui n’est pas celui de l’université
    .hint = values = “one-in-mail-domain” transmet la seule adresse qui soit dans organization.mail-domains, et arrête qui n’en a aucune ou en a plusieurs
zoom-rule-email-missing = ne transmet rien pour le champ “Email address” de Zoom, et le NameID n’est pas une adresse non plus : Zoom crée des comptes sous ce qui n’en est pas une
    .hint = transmettre mail avec field = “Email address” et values = “one-in-mail-domain”
zoom-rule-email-name-id = peut nommer des personnes par une adresse hors de nos domaines, avec laquelle Zoom crée leur compte
    .hint = values = “one-in-mail-domain” transmet la seule adresse qui soit dans organization.mail-domains, et arrête qui n’en a aucune ou en a plusieurs
zoom-rule-email-several = peut transmettre plusieurs adresses, dont certaines hors de nos domaines : chacune serait un compte à part chez Zoom
    .hint = values = “one-in-mail-domain” transmet la seule adresse qui soit dans organization.mail-domains, et arrête qui n’en a aucune ou en a plusieurs
zoom-rule-employee-id-changes = remplit le champ “Employee Unique ID” de Zoom avec { $name }, qui change : un second compte serait créé ce jour-là
    .hint = transmettre avec field = “Employee Unique ID” quelque chose qu’une personne garde toute sa vie, comme eduPersonUniqueId
zoom-rule-employee-id-missing = ne transmet rien pour le champ “Employee Unique ID” de Zoom : une adresse qui change crée un second compte, qui prend une licence
    .hint = transmettre avec field = “Employee Unique ID” quelque chose qu’une personne garde toute sa vie, comme eduPersonUniqueId
zoom-rule-encryption = chiffre les assertions, et la bibliothèque que Zoom semble utiliser ne lit pas AES-GCM : personne n’entrerait
    .hint = écrire encrypt = “never”, comme le préréglage : le navigateur porte de toute façon la réponse sous TLS
zoom-rule-encryption-to-come = chiffre les assertions dès le jour où les métadonnées de Zoom contiennent une clé pour cela, et la bibliothèque que Zoom semble utiliser ne lit pas AES-GCM
    .hint = écrire encrypt = “never”, comme le préréglage : le navigateur porte de toute façon la réponse sous TLS
zoom-rule-entity-ids = { $other } n’est pas enregistré, et Zoom demande sous ce nom si son administrateur le choisit
    .hint = l’ajouter à `aliases` : le formulaire de Zoom propose l’hôte seul et l’hôte avec https devant
zoom-rule-line-without-value = { $name } : aucune valeur ne rencontre jamais la ligne de { $text }
    .hint = une faute de frappe dans l’un des deux ?
zoom-rule-lines-apart = { $name } : la ligne de { $inner } chez Zoom prend aussi { $outer }, qui la contient
    .hint = choisir des textes dont aucun n’est contenu dans un autre
zoom-rule-name-id = ne transmet pas de NameID, et Zoom refuse une réponse sans NameID
    .hint = écrire { $line }, comme le préréglage
zoom-rule-session = termine la session de Zoom { $minutes } minutes après la connexion ; Zoom refuse une fin qui est passée à son horloge
    .hint = retirer cette ligne, et faire fermer la session par le formulaire de Zoom
zoom-rule-signature = signe avec { $algorithm } sur { $digest }, et le formulaire de Zoom ne connaît que SHA-1 et SHA-256 ; seules des clés RSA y ont été vues
    .hint = écrire signature = “rsa-sha256”, avec une clé RSA dans keys.signing
zoom-rule-signed-assertion = laisse l’assertion sans signature, et c’est elle que les instructions de Zoom font signer
    .hint = écrire sign = “assertion”, comme le préréglage, ou “both”
zoom-rule-taken-by-another = { $name } : { $value } rencontre la ligne de { $text } avant la sienne
    .hint = mettre en premier la ligne au texte le plus long, ou choisir d’autres textes
zoom-rule-value-without-line = { $name } : aucune ligne ne prend { $value } : Zoom laisse la licence de ces personnes comme elle est, et ne crée pas de compte à qui n’en a pas
    .hint = lui ajouter une ligne dans `lines`
provider-elliptic-key = rien ne dit si ce service vérifie ECDSA, or la première clé de keys.signing est à courbe elliptique ; beaucoup ne le vérifient pas
    .hint = “ecdsa-sha256” s’il le vérifie ; sinon “rsa-sha256”, avec une clé RSA dans keys.signing
provider-elliptic-next-key = rien ne dit si ce service vérifie ECDSA, or keys.next est à courbe elliptique ; beaucoup ne le vérifient pas
    .hint = “ecdsa-sha256” s’il le vérifie ; sinon “rsa-sha256”, avec une clé RSA dans keys.signing
provider-metadata-without-end = est écrit sans max-validity-days : qui possède une version plus ancienne, signée un jour, peut la faire compter de nouveau
    .hint = écrire combien de jours au plus le signataire laisse compter ses métadonnées
provider-name-of-two = est fait d’adresses électroniques, et il y a plusieurs mail-domains : une règle qui laisse le domaine de côté donne le même nom à deux personnes
    .hint = le faire de ce qui n’est qu’à une seule personne : eduPersonUniqueId, par exemple
provider-sha-over = { $last } est passé : les demandes signées avec SHA-1 sont refusées
    .hint = retirer cette ligne dès que le service signe avec SHA-256
provider-sha-taken = les demandes signées avec SHA-1 sont acceptées jusqu’à la fin du { $last } (UTC)
    .hint = faire signer le service avec RSA-SHA256
provider-values-overlap = { $name } : “{ $inner }” est contenu dans “{ $outer }” ; un service qui cherche le premier trouve les deux
    .hint = choisir des valeurs dont aucune n’est contenue dans une autre
sheet-told-next-key = le certificat de cette feuille est celui de notre prochaine clé : avec lui personne n’entre avant que ce service passe à cette clé, et avec le précédent personne n’entre après
    .hint = l’enregistrer là-bas, et aussitôt ici `passerelle keys rollover switch { $sp }` puis `passerelle reload` ; ou bien l’enregistrer là-bas à l’heure que --at a fixée ici
sheet-told-present-key = la clé dont le certificat est sur cette feuille signe pour ce service jusqu’au { $until } : ensuite c’est la prochaine clé, et personne n’entre avec ce certificat
    .hint = à cette heure-là, enregistrer la feuille que --next imprime

# Les questions de passerelle init. Qui y répond administre un service : les mots techniques sont permis.

init-lead = Cinq questions ; certaines ont plusieurs parties, qui portent son numéro. « Entrée » prend ce qui est entre crochets, et rien n’est écrit avant la dernière réponse.
init-base-url = 1/5  Adresse de ce serveur pour les navigateurs, comme { $example }
init-sign-in = 2/5  Où les personnes se connectent-elles ? L’adresse du serveur CAS, sans /login ({ $cas }), ou celle de l’annuaire ({ $ldap })
init-directory = 2/5  Adresse de l’annuaire qui dit ce que l’on sait de ces personnes, comme { $example } [aucun : CAS le dit]
init-ldap-base = 2/5  Entrée de l’annuaire sous laquelle sont les personnes, comme { $example }
init-ldap-bind-dn = 2/5  Nom (DN) de notre compte dans l’annuaire [aucun]
init-ldap-password-file = 2/5  Fichier de son mot de passe, que personne d’autre ne peut lire [revenir au compte]. Pour le créer, dans une autre fenêtre : install -m 400 /dev/stdin FICHIER (taper le mot de passe, Entrée, Ctrl-D)
init-contact = 3/5  Adresse électronique de qui administre ce serveur ; elle est publiée dans nos métadonnées
init-mail-domains = 3/5  Domaines des adresses de vos personnels et étudiants, séparés par des virgules [{ $proposed }]
init-languages = 4/5  Langues de vos textes [{ $proposed }]
init-support-text = 5/5  Comment ouvre-t-on un ticket d’assistance ? En français, en une phrase
init-support-text-en = 5/5  La même phrase en anglais
init-support-link = 5/5  Adresse web où cela se fait [aucune]
init-needed = Il faut une réponse ici.
init-wanted-base-url = Attendu : l’adresse https de ce serveur, sans rien après son nom, comme { $example }.
init-wanted-sign-in = Attendu : l’adresse https du serveur CAS, ou l’adresse ldaps ou ldap de l’annuaire.
init-wanted-cas = Attendu : l’adresse du serveur CAS en https, sans /login à la fin, comme { $example }.
init-wanted-ldap = Attendu : l’adresse ldaps du serveur de l’annuaire, comme { $example }, ou son adresse ldap pour StartTLS.
init-wanted-dn = Attendu : un nom d’entrée (DN), comme { $example }.
init-wanted-ldap-password-file = Attendu : le chemin d’un fichier qui existe, ne contient que le mot de passe et ne peut être lu que par son propriétaire.
init-wanted-ca = Attendu : le chemin d’un fichier PEM avec les certificats des autorités.
init-wanted-state-folder = Attendu : le chemin d’un dossier qui existe, et que seul l’utilisateur du service peut modifier.
init-wanted-contact = Attendu : une adresse électronique, comme { $example }.
init-wanted-mail-domains = Attendu : un domaine ou plusieurs, séparés par des virgules, comme { $example }.
init-wanted-languages = Attendu : fr, ou fr,en.
init-wanted-sentence = Attendu : un texte court, sur une seule ligne.
init-wanted-link = Attendu : une adresse web, comme { $example }.
init-look = À relire dans { $file } : ce qui n’a pas été dit de votre établissement est tiré de ses domaines :
init-explained = { $file } explique chaque clé (en anglais).
init-account = Pour essayer : { $login }, mot de passe { $password }. Il n’est montré que cette fois.
init-as-root = Vous êtes root, et ce qui a été créé est donc à root. La ligne qui suit le donne à l’utilisateur du service ; mettez ensuite « sudo -u passerelle » devant check et serve.
init-next = Ensuite :
init-try-it = Ouvrez { $url } dans un navigateur de cette machine, appuyez sur le bouton, puis sur celui de la page suivante, et connectez-vous comme { $login } : vous voyez ce qu’un service apprendrait, et rien n’est envoyé. La première de ces commandes ajoute Zoom lui-même, la seconde imprime ce qu’il faut saisir dans son formulaire :
init-try-first = Pour tout essayer avant que quiconque arrive ici : activez [test] à la fin de { $file }, avec votre identifiant, et une fois le serveur en marche ouvrez { $url }/test. Vous voyez ce que Zoom apprendrait de vous, et rien n’est envoyé.
init-later = À activer aussi dans { $file }, où chaque ligne est écrite : [alerts.mail], pour apprendre des semaines à l’avance quel certificat expire, et [texts], pour votre page d’accueil ({ $texts }).
init-try-support = Ceci est un essai : aucune assistance n’est prévue.
