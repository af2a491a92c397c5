//! The attributes of SupAnn, the directory schema of French higher education.
//!
//! Arc 1.3.6.1.4.1.7135.1.2.1, numbers of the schema published on 2019-11-22; those of content
//! management systems (45 to 53) are left out. Labels in braces at the start of a value
//! (`{UAI}0751717J`) are part of it. An attribute of this table is released only where a rule
//! names it; many of them hold what no cloud service needs to know.

use super::catalog::KnownAttribute as Known;

pub(super) const SUPANN: [Known; 56] = [
    Known::one(
        "supannListeRouge",
        "urn:oid:1.3.6.1.4.1.7135.1.2.1.1",
        ["inscription sur la liste rouge", "unlisted in directories"],
    ),
    Known::many(
        "supannActivite",
        "urn:oid:1.3.6.1.4.1.7135.1.2.1.2",
        ["activités", "activities"],
    ),
    Known::one(
        "supannOrganisme",
        "urn:oid:1.3.6.1.4.1.7135.1.2.1.3",
        ["organisme", "body"],
    ),
    Known::one(
        "supannCivilite",
        "urn:oid:1.3.6.1.4.1.7135.1.2.1.4",
        ["civilité", "form of address"],
    ),
    Known::many(
        "supannAffectation",
        "urn:oid:1.3.6.1.4.1.7135.1.2.1.5",
        ["affectation", "assignment"],
    ),
    Known::one(
        "supannCodeEntite",
        "urn:oid:1.3.6.1.4.1.7135.1.2.1.6",
        ["code d’entité", "code of the unit"],
    ),
    Known::many(
        "supannCodeEntiteParent",
        "urn:oid:1.3.6.1.4.1.7135.1.2.1.7",
        ["code de l’entité parente", "code of the parent unit"],
    ),
    Known::many(
        "supannEntiteAffectation",
        "urn:oid:1.3.6.1.4.1.7135.1.2.1.8",
        ["entités d’affectation", "units of assignment"],
    ),
    Known::many(
        "supannCodeINE",
        "urn:oid:1.3.6.1.4.1.7135.1.2.1.9",
        ["numéro INE", "national student number"],
    ),
    Known::many(
        "supannEtuId",
        "urn:oid:1.3.6.1.4.1.7135.1.2.1.10",
        ["numéro d’étudiant", "student number"],
    ),
    Known::many(
        "supannEmpId",
        "urn:oid:1.3.6.1.4.1.7135.1.2.1.11",
        ["numéro d’agent", "staff number"],
    ),
    Known::many(
        "supannAutreTelephone",
        "urn:oid:1.3.6.1.4.1.7135.1.2.1.12",
        ["autres numéros de téléphone", "other telephone numbers"],
    ),
    Known::one(
        "supannEntiteAffectationPrincipale",
        "urn:oid:1.3.6.1.4.1.7135.1.2.1.13",
        ["entité d’affectation principale", "main unit of assignment"],
    ),
    Known::many(
        "supannEtablissement",
        "urn:oid:1.3.6.1.4.1.7135.1.2.1.14",
        ["établissements", "institutions"],
    ),
    Known::many(
        "supannMailPerso",
        "urn:oid:1.3.6.1.4.1.7135.1.2.1.15",
        [
            "adresse électronique personnelle",
            "personal e-mail address",
        ],
    ),
    Known::many(
        "supannTypeEntite",
        "urn:oid:1.3.6.1.4.1.7135.1.2.1.16",
        ["type d’entité", "kind of unit"],
    ),
    Known::many(
        "supannParrainDN",
        "urn:oid:1.3.6.1.4.1.7135.1.2.1.17",
        ["parrain du compte", "sponsor of the account"],
    ),
    Known::many(
        "supannGroupeDateFin",
        "urn:oid:1.3.6.1.4.1.7135.1.2.1.18",
        ["date de fin du groupe", "end date of the group"],
    ),
    Known::many(
        "supannGroupeAdminDN",
        "urn:oid:1.3.6.1.4.1.7135.1.2.1.19",
        ["administrateurs du groupe", "administrators of the group"],
    ),
    Known::one(
        "supannAliasLogin",
        "urn:oid:1.3.6.1.4.1.7135.1.2.1.20",
        ["alias de connexion", "user name alias"],
    ),
    Known::many(
        "supannRole",
        "urn:oid:1.3.6.1.4.1.7135.1.2.1.21",
        ["rôle", "role"],
    ),
    Known::many(
        "supannGroupeLecteurDN",
        "urn:oid:1.3.6.1.4.1.7135.1.2.1.22",
        ["lecteurs du groupe", "readers of the group"],
    ),
    Known::many(
        "supannRoleGenerique",
        "urn:oid:1.3.6.1.4.1.7135.1.2.1.23",
        ["rôles génériques", "generic roles"],
    ),
    Known::many(
        "supannRoleEntite",
        "urn:oid:1.3.6.1.4.1.7135.1.2.1.24",
        ["rôles dans les entités", "roles in units"],
    ),
    Known::many(
        "supannEtuAnneeInscription",
        "urn:oid:1.3.6.1.4.1.7135.1.2.1.25",
        ["années d’inscription", "years of enrolment"],
    ),
    Known::many(
        "supannEtuCursusAnnee",
        "urn:oid:1.3.6.1.4.1.7135.1.2.1.26",
        ["année de cursus", "year of the course"],
    ),
    Known::many(
        "supannEtuDiplome",
        "urn:oid:1.3.6.1.4.1.7135.1.2.1.27",
        ["diplôme préparé", "degree studied for"],
    ),
    Known::many(
        "supannEtuElementPedagogique",
        "urn:oid:1.3.6.1.4.1.7135.1.2.1.28",
        ["éléments pédagogiques", "course units"],
    ),
    Known::many(
        "supannEtuEtape",
        "urn:oid:1.3.6.1.4.1.7135.1.2.1.29",
        ["étapes du diplôme", "stages of the degree"],
    ),
    Known::many(
        "supannEtuInscription",
        "urn:oid:1.3.6.1.4.1.7135.1.2.1.30",
        ["inscriptions", "enrolments"],
    ),
    Known::many(
        "supannEtuRegimeInscription",
        "urn:oid:1.3.6.1.4.1.7135.1.2.1.31",
        ["régime d’inscription", "kind of enrolment"],
    ),
    Known::many(
        "supannEtuSecteurDisciplinaire",
        "urn:oid:1.3.6.1.4.1.7135.1.2.1.32",
        ["secteur disciplinaire", "field of study"],
    ),
    Known::many(
        "supannEtuTypeDiplome",
        "urn:oid:1.3.6.1.4.1.7135.1.2.1.33",
        ["type de diplôme", "kind of degree"],
    ),
    Known::many(
        "supannAutreMail",
        "urn:oid:1.3.6.1.4.1.7135.1.2.1.34",
        ["autres adresses électroniques", "other e-mail addresses"],
    ),
    Known::many(
        "supannEmpCorps",
        "urn:oid:1.3.6.1.4.1.7135.1.2.1.35",
        ["corps", "staff corps"],
    ),
    Known::many(
        "supannTypeEntiteAffectation",
        "urn:oid:1.3.6.1.4.1.7135.1.2.1.36",
        [
            "type de l’entité d’affectation",
            "kind of the unit of assignment",
        ],
    ),
    Known::many(
        "supannRefId",
        "urn:oid:1.3.6.1.4.1.7135.1.2.1.37",
        ["identifiants de référence", "reference identifiers"],
    ),
    Known::one(
        "supannNomDeNaissance",
        "urn:oid:1.3.6.1.4.1.7135.1.2.1.38",
        ["nom de naissance", "name at birth"],
    ),
    Known::one(
        "supannPrenomsEtatCivil",
        "urn:oid:1.3.6.1.4.1.7135.1.2.1.39",
        ["prénoms de l’état civil", "legal first names"],
    ),
    Known::one(
        "supannOIDCDateDeNaissance",
        "urn:oid:1.3.6.1.4.1.7135.1.2.1.40",
        ["date de naissance", "date of birth"],
    ),
    Known::one(
        "supannOIDCGenre",
        "urn:oid:1.3.6.1.4.1.7135.1.2.1.41",
        ["genre", "gender"],
    ),
    Known::many(
        "supannCodeINSEEVilleDeNaissance",
        "urn:oid:1.3.6.1.4.1.7135.1.2.1.42",
        ["commune de naissance", "town of birth"],
    ),
    Known::many(
        "supannCodeINSEEPaysDeNaissance",
        "urn:oid:1.3.6.1.4.1.7135.1.2.1.43",
        ["pays de naissance", "country of birth"],
    ),
    Known::many(
        "supannFCSub",
        "urn:oid:1.3.6.1.4.1.7135.1.2.1.44",
        ["identifiant FranceConnect", "FranceConnect identifier"],
    ),
    Known::many(
        "supannRessourceEtatDate",
        "urn:oid:1.3.6.1.4.1.7135.1.2.1.54",
        [
            "dates d’état du compte",
            "dates of the state of the account",
        ],
    ),
    Known::many(
        "supannRessourceEtat",
        "urn:oid:1.3.6.1.4.1.7135.1.2.1.55",
        ["état du compte", "state of the account"],
    ),
    Known::many(
        "supannEmpProfil",
        "urn:oid:1.3.6.1.4.1.7135.1.2.1.56",
        ["profils d’agent", "staff profiles"],
    ),
    Known::many(
        "supannExtProfil",
        "urn:oid:1.3.6.1.4.1.7135.1.2.1.57",
        ["profils d’invité", "guest profiles"],
    ),
    Known::many(
        "supannCodePopulation",
        "urn:oid:1.3.6.1.4.1.7135.1.2.1.58",
        ["population", "population"],
    ),
    Known::many(
        "supannEmpDateFin",
        "urn:oid:1.3.6.1.4.1.7135.1.2.1.59",
        ["date de fin d’agent", "end date as staff"],
    ),
    Known::many(
        "supannEtuDateFin",
        "urn:oid:1.3.6.1.4.1.7135.1.2.1.60",
        ["date de fin d’étudiant", "end date as student"],
    ),
    Known::many(
        "supannExtDateFin",
        "urn:oid:1.3.6.1.4.1.7135.1.2.1.61",
        ["date de fin d’invité", "end date as guest"],
    ),
    Known::many(
        "supannConsentement",
        "urn:oid:1.3.6.1.4.1.7135.1.2.1.62",
        ["consentements", "consents"],
    ),
    Known::many(
        "supannAdressePostalePrivee",
        "urn:oid:1.3.6.1.4.1.7135.1.2.1.63",
        ["adresse postale privée", "private postal address"],
    ),
    Known::many(
        "supannTelephonePrive",
        "urn:oid:1.3.6.1.4.1.7135.1.2.1.64",
        ["téléphone privé", "private telephone number"],
    ),
    Known::many(
        "supannMailPrive",
        "urn:oid:1.3.6.1.4.1.7135.1.2.1.65",
        ["adresse électronique privée", "private e-mail address"],
    ),
];
