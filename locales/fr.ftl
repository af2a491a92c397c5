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
home-lead = Cette adresse vous connecte aux services en ligne de l’université avec l’identifiant et le mot de passe de votre ENT. Choisissez un service pour commencer.
home-lead-empty = Cette adresse vous connecte aux services en ligne de l’université avec l’identifiant et le mot de passe de votre ENT.
home-services = Services
home-sign-in = Se connecter à { $provider }
home-no-link = Ouvrez ce service comme d’habitude : il vous amènera ici.
home-back = Aller à la page d’accueil
home-logout = Se déconnecter

stop-advice-title = Que faire ?
stop-support-title = Demander de l’aide
stop-support-lead = Contactez l’assistance en indiquant ce code :
stop-support-code = Code d’assistance
stop-reference = Référence
stop-again = Réessayer
stop-way-out = Recommencer la connexion à { $provider }
stop-way-out-form = Rouvrir la page
stop-way-out-logout = Réessayer de se déconnecter

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
    .advice = Repartez du service auquel vous voulez accéder.
stop-form-forged = Formulaire à remplir de nouveau
    .sentence = Ce formulaire n’est plus valable, ou il n’a pas été envoyé depuis notre page. Par sécurité, il n’a pas été pris en compte.
    .advice = Rouvrez la page et remplissez de nouveau le formulaire.
stop-logout-failed = La déconnexion n’a pas abouti
    .sentence = Votre session n’a pas pu être fermée : elle est peut-être encore ouverte.
    .advice = Réessayez dans un instant. Sur un ordinateur partagé, fermez toutes les fenêtres du navigateur avant de partir.
