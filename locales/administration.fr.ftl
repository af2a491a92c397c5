# Ce qui peut être faux dans les métadonnées d’un service, et que faire. Le français seul : l’anglais est dans
# src/metadata/finding.rs. Qui le lit administre un service : les mots techniques sont permis.

finding-acs-location = l’adresse d’AssertionConsumerService { $place } { $fault }
finding-acs-index = AssertionConsumerService { $place } n’a pas d’`index` compris entre 0 et 65535
finding-acs-index-repeated = deux éléments AssertionConsumerService portent l’index { $index }
finding-attribute-list-repeated = deux éléments AttributeConsumingService portent l’index { $index } : le premier compte
finding-boolean = `{ $name }` ne vaut ni true ni false
finding-cache-duration = un cacheDuration n’est pas une durée
finding-certificate-expired = le certificat de signature de { $subject } est expiré depuis le { $at }
finding-certificate-ends-soon = le certificat de signature de { $subject } expire bientôt, le { $at }
finding-certificate-not-yet = le certificat de signature de { $subject } n’est pas valable avant le { $at }
finding-certificate-placeholder = ce sont les métadonnées provisoires fournies avec Passerelle : mettre à leur place le fichier du service lui-même
finding-certificate-weak-digest = le certificat de signature de { $subject } est lui-même signé avec { $digest }
finding-certificates-in-one = KeyDescriptor { $place } contient plusieurs certificats dans un même X509Data : seul le premier compte
finding-door = le fichier n’est pas accepté comme XML : { $fault }
finding-empty = le fichier est vide
finding-encryption-expired = le certificat de chiffrement de { $subject } est expiré depuis le { $at }
finding-encryption-key = la clé de chiffrement de KeyDescriptor { $place } est inutilisable, et rien n’est chiffré avec elle : { $fault }
finding-encryption-methods = KeyDescriptor { $place } n’énumère aucune méthode de chiffrement employée ici, AES-GCM avec RSA-OAEP, et rien n’est chiffré avec sa clé
finding-encryption-methods-refused = `refuse`, sous [algorithms], ne laisse aucun moyen de chiffrer avec la clé de KeyDescriptor { $place }, et rien n’est chiffré avec elle
finding-encrypted-in-unsigned = ses assertions sont chiffrées, et `sign` vaut “assertion” : certains services ne les lisent qu’avec “both”
finding-entity-id = l’entityID { $fault }
finding-entity-repeated = ses métadonnées décrivent deux fois l’entité voulue
finding-expired = son validUntil est passé ({ $at }) : personne ne peut se connecter à ce service
finding-expires-soon = son validUntil est proche ({ $at }) : passé ce moment, personne ne pourra se connecter à ce service
finding-http = l’adresse d’AssertionConsumerService { $place } est en http simple, accepté seulement dans un laboratoire
finding-key-use = l’attribut `use` de KeyDescriptor { $place } ne vaut ni signing ni encryption
finding-key-value-ignored = KeyDescriptor { $place } contient un certificat et le KeyValue d’une autre clé : le certificat compte
finding-name-id-format = name-id a un format que le service n’énumère pas
finding-in-clear = il demande un chiffrement avec une clé inutilisable : ses assertions sont transmises en clair
finding-in-clear-by-refusal = ses assertions seraient transmises en clair à cause de `refuse`, sous [algorithms] : si cela convient, écrire `encrypt` = “never”
finding-no-encryption-key = `encrypt` vaut “always”, et ses métadonnées ne contiennent aucune clé avec laquelle chiffrer
finding-no-key-for-encryption = ses métadonnées ne contiennent aucun certificat de chiffrement : ses assertions passent en clair par le navigateur
finding-no-logout = ses métadonnées ne donnent aucune adresse de déconnexion (SingleLogoutService)
finding-no-key = KeyDescriptor { $place } ne contient ni certificat ni KeyValue et ne compte pas
finding-no-post = aucun AssertionConsumerService n’accepte HTTP-POST
finding-no-service-provider = ses métadonnées ne décrivent aucun fournisseur de services SAML 2.0
finding-no-signing-key = ses métadonnées ne contiennent aucune clé de signature : toute demande est considérée comme non signée
finding-no-signing-key-to-require = les demandes doivent être signées, et ses métadonnées ne contiennent aucune clé de signature
finding-no-such-entity = ses métadonnées ne décrivent aucune entité du nom que donne `entity-id`
finding-not-entities = le fichier n’est ni un EntityDescriptor ni un EntitiesDescriptor
finding-other-binding-ignored = AssertionConsumerService { $place }, d’un binding qui n’est pas employé ici, ne compte pas
finding-promises-signatures = il annonce que ses demandes sont signées : celles qui ne le sont pas sont refusées
finding-promise-waived = il annonce que ses demandes sont signées, et celles qui ne le sont pas sont acceptées tout de même
finding-several-acs = il reçoit les réponses à { $count } adresses, et une demande peut désigner n’importe laquelle
finding-signature = ses métadonnées ne sont pas signées comme le demande `metadata-signed-by` : { $fault }
finding-signed-by = un certificat de `metadata-signed-by` est inutilisable : { $fault }
finding-signed-assertion-wanted = le service veut des assertions signées, et `sign` vaut “response”
finding-several-entities = le fichier décrit { $count } fournisseurs de services, et aucun `entity-id` ne dit lequel est voulu
finding-several-service-providers = la même entité y décrit plusieurs fournisseurs de services SAML 2.0
finding-signing-key = la clé de signature de KeyDescriptor { $place } est inutilisable : { $fault }
finding-signing-key-ignored = la clé de signature de KeyDescriptor { $place } est inutilisable et ne compte pas : { $fault }
finding-several-defaults = plusieurs éléments AssertionConsumerService sont celui par défaut : le premier compte
finding-shape = { $name } n’a pas la forme que veut la norme
finding-too-many-keys = ses éléments KeyDescriptor contiennent plus de { $count } clés
finding-ui-link-ignored = { $name } ne contient pas une adresse web ordinaire et n’est pas montré
finding-valid-until = un validUntil n’est pas un instant
finding-valid-for-ever = il n’y a pas de validUntil, et `max-validity-days` en demande un
finding-valid-too-long = son validUntil est plus lointain ({ $at }) que ne le permet `max-validity-days`

hint-as-in-the-file = écrire `entity-id` comme il est dans le fichier
hint-certificate = demander son certificat au service, ou écrire require-signed-requests = false
hint-clear = rien à faire si des assertions en clair conviennent, puisque seul le navigateur de la personne les voit ; sinon, demander au service une clé RSA qui accepte AES-GCM, ou écrire `cipher` et `key-transport` s’il accepte plus qu’il n’énumère
hint-clock = il compte déjà ; l’horloge de cette machine est-elle à l’heure ?
hint-ends-sooner = demander des métadonnées qui expirent plus tôt, ou augmenter `max-validity-days`
hint-how-it-knows-people = demander au service comment il reconnaît les personnes, et l’écrire dans `name-id`
hint-https = demander au service une adresse en https : les réponses ne vont à aucune autre
hint-key-counts = la clé compte malgré tout ; le signaler au service
hint-key-to-encrypt-to = en demander une au service, ou écrire encrypt = “when-possible”
hint-larger-or-alone = si c’est toute une fédération, demander ce seul service à son serveur de métadonnées (`metadata-query`), ou écrire `metadata-max-mib`
hint-mend = demander au service de corriger ses métadonnées : qui devine ici répond à un inconnu
hint-next-certificate = il comptera encore après ce jour ; demander au service quand vient le suivant, et reprendre alors ses métadonnées
hint-not-a-page = prendre les métadonnées telles que le service les donne, et non une page qui les montre
hint-other-signer = si qui les signe a changé de clé, lui demander son certificat par une voie connue
hint-present-metadata = il compte malgré tout ; demander au service ses métadonnées actuelles
hint-promise = si les connexions s’arrêtent à une page qui dit que la demande n’est pas signée, faire signer les demandes là-bas, ou écrire require-signed-requests = false
hint-refuse-less = retirer l’algorithme de `refuse`, ou écrire encrypt = “never” si des assertions en clair conviennent
hint-replace = passerelle sp add { $name } --replace --metadata URL, où URL est l’adresse ou le fichier du service lui-même
hint-require-once-signed = écrire require-signed-requests = true dès qu’il les signera
hint-service-provider = prendre les métadonnées du fournisseur de services, et non celles d’un fournisseur d’identité
hint-sign-assertion = écrire sign = “assertion”, ou “both”
hint-sign-both = écrire sign = “both” dans sa table
hint-signers-as-pem = en PEM : le certificat de chaque clé qui peut signer, l’un après l’autre
hint-stays-signed-in = rien à faire : qui se déconnecte ici reste connecté là-bas
hint-stronger-key = demander au service un certificat RSA d’au moins 2048 bits, ou EC P-256, P-384 ou P-521
hint-take-again = reprendre les métadonnées du service
hint-tell-them = le signaler au service ; les connexions fonctionnent malgré tout
hint-unsigned = les réponses ne vont qu’aux adresses de ses métadonnées ; pour que les demandes soient signées, demander son certificat au service
hint-whether-all-are-used = demander au service si toutes servent : chacune peut recevoir des réponses
hint-whether-the-first = demander au service si c’est bien le premier qui signe
hint-which-one = dire laquelle est voulue : --entity-id, ou `entity-id`

fault-endpoint-character = contient un caractère qu’aucune adresse de service ne peut contenir
fault-endpoint-fragment = contient un fragment
fault-endpoint-not-absolute = n’est pas une URL absolue
fault-endpoint-saml-parameter = contient un paramètre que SAML emploie lui-même
fault-endpoint-scheme = n’est pas une URL https
fault-endpoint-too-long = dépasse 2048 octets
fault-endpoint-user-information = contient un nom d’utilisateur ou un mot de passe
fault-entity-id-empty = est vide
fault-entity-id-space = contient un espace ou un caractère de contrôle
fault-entity-id-too-long = dépasse 1024 caractères
fault-key-certificate = pas un certificat X.509, et un seul
fault-key-value = pas un RSAKeyValue, ni un ECKeyValue d’une courbe nommée, et un seul
fault-key-kind = un type de clé qui n’est pas employé ici
fault-key-size = une taille ou une courbe qui n’est pas employée ici
fault-key-unusable = la clé ou le certificat est illisible
fault-xml-character-reference = une référence à un caractère hors de XML 1.0
fault-xml-comment = un commentaire dans un message de protocole
fault-xml-declaration = la déclaration XML est mal écrite, mal placée ou n’est pas de la version 1.0
fault-xml-doctype = une déclaration de type de document
fault-xml-empty-namespace = un préfixe d’espace de noms lié au nom vide
fault-xml-encoding = le codage n’est pas UTF-8
fault-xml-lone-carriage-return = un retour chariot seul à côté d’une référence
fault-xml-not-well-formed = XML mal formé à la ligne { $line }, colonne { $column }
fault-xml-processing-instruction = une instruction de traitement dans un message de protocole
fault-xml-too-large = trop grand : { $part }
fault-signature-algorithm = un algorithme qui n’est pas permis : { $part }
fault-signature-canonicalization = pas de forme canonique
fault-signature-digest = l’empreinte est celle d’un autre contenu
fault-signature-duplicate-id = l’ID de l’élément signé apparaît deux fois
fault-signature-no-id = l’élément n’a pas d’ID utilisable
fault-signature-no-keys = aucune clé avec laquelle vérifier
fault-signature-not-by-these-keys = la signature n’est d’aucune des clés
fault-signature-misplaced = une signature se trouve ailleurs que directement dans l’élément signé
fault-signature-other-reference = la signature porte sur autre chose
fault-signature-several = plus de signatures que permis
fault-signature-sha-ended = SHA-1 était accepté de ce service jusqu’à un jour passé
fault-signature-shape = une signature hors du profil : { $part }
fault-signature-unsigned = pas de signature

# Ce qu’il en est des métadonnées d’un service. L’anglais est dans src/metadata/remark.rs.

remark-held = est retenu jusqu’à ce que quelqu’un ait regardé ce qui y change
remark-last-good = la dernière bonne version est employée à sa place, avec toutes les clés et adresses qu’elle contient : celle de { $entity }, { $copy }
remark-last-good-kept = la dernière bonne version est employée à sa place, avec toutes les clés et adresses qu’elle contient : celle de { $entity }, gardée le { $at }, { $copy }
remark-next-key-unfit = avec keys.next à la place de la clé actuelle : { $fault }
remark-nobody-gets-in = personne ne peut se connecter à ce service avant que ce soit corrigé
remark-not-fetched = rien n’a encore été récupéré : le serveur en marche s’en charge, et continue d’essayer
remark-old = plus ancien que ne le permet son cacheDuration (depuis le { $since }) : le récupérer de nouveau
remark-refused = a été refusé par un administrateur
remark-same-name = { $one } et { $other } portent tous deux le nom { $name }
remark-same-short-name = deux services ont le nom court { $name }
remark-similar-name = { $one } et { $other } portent des noms qui ne diffèrent que par la casse ou le codage : { $name }
remark-unreadable = est illisible : { $fault }
hint-held = passerelle sp diff { $name } --held montre ce qui changerait, et son SHA-256 ; passerelle sp accept { $name } SHA256 l’accepte
hint-key-that-it-verifies = nommer dans keys.signing une clé qu’il vérifie, ou demander au service ce qu’il vérifie et l’écrire dans `signature`
hint-last-good = corriger le fichier ; si la version précédente ne doit plus compter, supprimer cette copie et redémarrer
hint-next-key-of-its-kind = prendre comme prochaine clé une clé du même genre que l’actuelle
hint-refused = pour l’accepter tout de même, supprimer held/{ $name }.refused dans le dossier d’état : le serveur en marche le retient de nouveau, pour sp accept
fault-digest-unknown = une fonction de hachage inconnue ici
fault-digest-weak = { $name }, trop faible
fault-file-forbidden = ses droits ne le permettent pas
fault-file-not-there = le fichier n’existe pas
fault-method-digest = les métadonnées du service ne déclarent aucune empreinte employée ici
fault-method-no-such-key = aucune clé de keys.signing n’est du genre qu’il faut
fault-method-refused = tout ce qui pourrait signer est refusé par algorithms.refuse
fault-method-signature = les métadonnées du service ne déclarent aucune signature que fasse une clé de keys.signing

# Le message de [alerts.mail]. L’anglais est dans src/model/matter.rs et src/app/alerts.rs.

mail-subject = Passerelle sur { $server } : une échéance ou un défaut à traiter
mail-subject-trial = Passerelle sur { $server } : un essai
mail-trial = Ceci est un essai : rien n’expire.
mail-closing = `passerelle status` montre tout ce qui est à faire.
mail-ours = chez nous
mail-now = { $whom } : { $what }
mail-over = { $what } : { $date }, passé
mail-with-hint = { $told } ; { $hint }
mail-ends =
    { $days ->
        [0] { $what } : { $date }, dans moins d’un jour
        [1] { $what } : { $date }, dans un jour
       *[other] { $what } : { $date }, dans { $days } jours
    }
matter-broken = hors service (broken) : ses métadonnées sont inutilisables, et personne ne peut s’y connecter
matter-encryption-certificate = le certificat avec lequel ses assertions sont chiffrées expire
matter-finish = tous les services ont la prochaine clé : passerelle keys rollover finish
matter-held = une version de ses métadonnées est retenue, et la précédente compte, sans aucune clé nouvelle : passerelle sp diff { $name } --held, puis passerelle sp accept { $name } { $version } ou passerelle sp refuse { $name } { $version }
matter-held-until = une version de ses métadonnées est retenue, et la précédente compte jusqu’au { $until }, sans aucune clé nouvelle : passerelle sp diff { $name } --held, puis passerelle sp accept { $name } { $version } ou passerelle sp refuse { $name } { $version }
matter-last-good = dernière bonne version (last-good) : son fichier est inutilisable ou retenu, et une version antérieure compte
matter-metadata = ses métadonnées expirent (validUntil), et avec elles toute connexion
matter-next-key = notre prochaine clé signe pour ce service à partir de là : il doit en connaître le certificat d’ici là
matter-our-certificate = le certificat { $file } expire
matter-placeholder = ses métadonnées sont celles, provisoires, qui sont fournies avec Passerelle, et rien de ce qu’il signe ne peut être vérifié
matter-sha = SHA-1 n’est plus accepté dans ses demandes (sha1-until)
matter-signing-certificate = un certificat avec lequel il signe expire
matter-source = la source de ses métadonnées ne donne rien d’utilisable ({ $state }, depuis le { $since })
matter-stale = périmées (stale) : ses métadonnées sont plus anciennes qu’elles ne le permettent (cacheDuration), et comptent malgré tout
matter-takes-next = prend notre prochain certificat, et ensuite : passerelle keys rollover switch { $name }
matter-unable = ne vérifie rien de ce que signe notre prochaine clé : voir passerelle check
matter-hint-mend = voir ce qui ne va pas avec passerelle sp check { $name }, et reprendre ses métadonnées : passerelle sp add { $name } --replace --metadata URL, où URL est l’adresse ou le fichier du service lui-même
matter-hint-mend-at-source = voir ce qui ne va pas avec passerelle sp check { $name } : dès que sa source en donne une version correcte, celle-ci est reprise automatiquement
matter-hint-no-sha = lui faire signer ses demandes avec SHA-256 ; tant que cela doit attendre, repousser sha1-until dans la table sp.{ $name }
matter-hint-paste = à ce moment-là, y coller ce qu’affiche passerelle zoom-settings --sp { $name } --next
matter-hint-publish = au service lui-même d’en publier une version plus récente : ce que donne sa source est repris automatiquement
matter-hint-renew = le renouveler, puis le faire prendre en compte : passerelle reload
matter-hint-replace = mettre les siennes à leur place : passerelle sp add { $name } --replace --metadata URL, où URL est l’adresse ou le fichier du service lui-même
matter-hint-roll-over = passerelle keys rollover start crée la prochaine clé, que chaque service prend quand il peut
matter-hint-roll-over-is-on = un changement de clé est en cours : passerelle keys rollover status dit ce qu’il en reste à faire
matter-hint-source = voir si elle répond à cette machine, et sinon demander à qui l’administre
matter-hint-take-again = reprendre ses métadonnées : passerelle sp add { $name } --replace --metadata URL, où URL est l’adresse ou le fichier du service lui-même
matter-hint-takes-ours = lui faire reprendre nos métadonnées d’ici là

# Ce que dit la feuille d’un service de ce qui est faux : l’anglais est dans src/config/fault.rs.

sheet-told-what = { $place } : { $what }
sheet-told-hint = conseil : { $hint }
