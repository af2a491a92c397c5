//! Attempts at passwords through the throttle, the memory store and real hashes.

#[cfg(test)]
mod tests {
    use std::{
        net::IpAddr,
        path::Path,
        sync::{
            Arc,
            atomic::{AtomicUsize, Ordering::SeqCst},
        },
    };

    use jiff::{SignedDuration, Timestamp};
    use passerelle::{
        authn::{
            AuthnError, Outcome, PasswordAttempt, PasswordAuthenticator, People,
            local::{Directory, Local, hash_password, pool::HashPool},
            throttle::{Remembered, Throttle},
        },
        config::sections,
        model::{
            authn_context::AuthnContextClass,
            store::{AttemptRule, Attempts, StoreError, Verdict},
        },
        store::{Limits, Store, memory::MemoryStore},
        sys::{
            clock::{Clock as _, ManualClock},
            entropy::SeededEntropy,
            secret::Secret,
        },
    };
    use tokio::task::JoinSet;

    const CAMPUS: [u8; 4] = [192, 0, 2, 1];

    struct House {
        authenticator: PasswordAuthenticator,
        pool: Arc<HashPool>,
        store: Store,
        clock: ManualClock,
    }

    /// A house in which `alice` and `bob` have the password `wonderland`.
    fn house(throttle: sections::Throttle) -> Arc<House> {
        let entropy = SeededEntropy::new(1);
        let people: String = ["alice", "bob"]
            .map(|name| {
                let hash = hash_password(&Secret::from("wonderland".to_owned()), &entropy).unwrap();
                format!("[person.{name}]\npassword = '{hash}'\n")
            })
            .concat();
        let directory = Directory::parse(&people, Path::new("people.toml")).unwrap();
        let pool = Arc::new(HashPool::start(2, 512).unwrap());
        let limits = Limits {
            sessions: 10,
            idle: SignedDuration::from_mins(1),
            replay_marks: 10,
            attempts: 1_000,
            story_bytes: 1_000,
        };
        Arc::new(House {
            authenticator: PasswordAuthenticator::new(
                Throttle::new(&throttle, Remembered::new(&entropy)),
                People::Local(Local::new(directory, Arc::clone(&pool))),
            ),
            pool,
            store: Store::Memory(MemoryStore::new(limits)),
            clock: ManualClock::starting_at(Timestamp::from_second(1_000_000).unwrap()),
        })
    }

    impl House {
        async fn attempt(&self, name: &str, password: &str, from: impl Into<IpAddr>) -> Outcome {
            self.attempt_with(&self.store, name, password, from.into())
                .await
                .unwrap()
        }

        async fn attempt_with(
            &self,
            store: &impl Attempts,
            username: &str,
            password: &str,
            address: IpAddr,
        ) -> Result<Outcome, AuthnError> {
            let attempt = PasswordAttempt {
                username,
                password: &Secret::from(password.to_owned()),
                address,
                context: AuthnContextClass::PasswordProtectedTransport,
            };
            self.authenticator
                .authenticate(store, attempt, self.clock.now())
                .await
        }

        async fn attempts_together(
            self: &Arc<Self>,
            number: u8,
            attempt: impl Fn(u8) -> (String, [u8; 4]),
        ) -> Vec<Outcome> {
            let mut tasks = JoinSet::new();
            for n in 0..number {
                let (house, (name, from)) = (Arc::clone(self), attempt(n));
                tasks.spawn(async move { house.attempt(&name, "wrong", from).await });
            }
            tasks.join_all().await
        }
    }

    fn is_refused(outcome: &Outcome) -> bool {
        matches!(outcome, Outcome::Refused(_))
    }

    fn waits(outcomes: &[Outcome]) -> usize {
        outcomes
            .iter()
            .filter(|outcome| matches!(outcome, Outcome::Wait { .. }))
            .count()
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn r74_200_parallel_guesses_at_one_account_make_no_more_hashes_than_are_free() {
        for name in ["alice", "nobody"] {
            let house = house(sections::Throttle::default());
            let from_one_network = |n| (name.to_owned(), [203, 0, 113, n]);
            let mut refused = 0;
            // Two are made at one time from here, eight in all: who comes while they are is told so, and not counted.
            for _ in 0..5 {
                let outcomes = house.attempts_together(200, from_one_network).await;
                refused += outcomes.iter().filter(|it| is_refused(it)).count();
            }
            assert_eq!((refused, house.pool.hashes_made()), (5, 5), "{name}");
            let from_everywhere = |n| (name.to_owned(), [198, 51, n, 1]);
            for _ in 0..20 {
                let outcomes = house.attempts_together(200, from_everywhere).await;
                refused += outcomes.iter().filter(|it| is_refused(it)).count();
            }
            assert_eq!((refused, house.pool.hashes_made()), (50, 50), "{name}");
        }
    }

    #[tokio::test]
    async fn r74_r122_one_person_who_posts_the_form_over_and_over_takes_two_places_of_the_pool() {
        let house = house(sections::Throttle::default());
        let mut tasks = JoinSet::new();
        for _ in 0..200 {
            let house = Arc::clone(&house);
            tasks.spawn(async move { house.attempt("alice", "wonderland", CAMPUS).await });
        }
        // While they are under way, another person of the same network is served.
        let bob = house.attempt("bob", "wonderland", CAMPUS).await;
        assert!(matches!(bob, Outcome::Proven(_)), "{bob:?}");
        let outcomes = tasks.join_all().await;
        let proven = outcomes
            .iter()
            .filter(|outcome| matches!(outcome, Outcome::Proven(_)))
            .count();
        let busy = outcomes
            .iter()
            .filter(|outcome| matches!(outcome, Outcome::Busy))
            .count();
        assert_eq!(proven + busy, 200);
        // All come at once, and two get in; a machine that stumbles lets in two more at each step.
        assert!((2..20).contains(&proven), "{proven}");
    }

    #[tokio::test]
    async fn r74_a_stranger_elsewhere_does_not_make_the_owner_of_an_account_wait() {
        let house = house(sections::Throttle::default());
        for _ in 0..20 {
            house.attempt("alice", "wrong", [203, 0, 113, 7]).await;
        }
        let stranger = house.attempt("alice", "wonderland", [203, 0, 113, 7]).await;
        assert!(matches!(stranger, Outcome::Wait { .. }), "{stranger:?}");
        let owner = house.attempt("alice", "wonderland", [192, 0, 2, 1]).await;
        assert!(matches!(owner, Outcome::Proven(_)), "{owner:?}");
        // And the owner's success gives the stranger nothing back.
        let stranger = house.attempt("alice", "wonderland", [203, 0, 113, 7]).await;
        assert!(matches!(stranger, Outcome::Wait { .. }), "{stranger:?}");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn r74_200_parallel_guesses_from_one_network_make_no_more_hashes_than_are_free() {
        let rules = sections::Throttle {
            free_per_network: 12,
            ..sections::Throttle::default()
        };
        let house = house(rules);
        let everybody = |n| (format!("person{n}"), [192, 0, 2, n]);
        let outcomes = house.attempts_together(200, everybody).await;
        assert_eq!(house.pool.hashes_made(), 12);
        assert_eq!(waits(&outcomes), 188);
        // Another network is not concerned.
        assert!(matches!(
            house.attempt("bob", "wonderland", [198, 51, 100, 1]).await,
            Outcome::Proven(_)
        ));
    }

    #[tokio::test]
    async fn r74_success_gives_back_its_own_attempt_everywhere_and_not_the_guesses_of_strangers() {
        let rules = sections::Throttle {
            free_per_account_anywhere: 4,
            ..sections::Throttle::default()
        };
        let house = house(rules);
        for network in 1..=3 {
            let guess = house.attempt("alice", "wrong", [203, 0, network, 7]).await;
            assert!(is_refused(&guess), "{guess:?}");
        }
        // As often as she likes: only strangers' guesses count.
        for _ in 0..8 {
            let owner = house.attempt("alice", "wonderland", CAMPUS).await;
            assert!(matches!(owner, Outcome::Proven(_)), "{owner:?}");
        }
        let last = house.attempt("alice", "wrong", [203, 0, 99, 7]).await;
        assert!(is_refused(&last), "{last:?}");
        let over = house.attempt("alice", "wrong", [198, 51, 100, 7]).await;
        assert!(matches!(over, Outcome::Wait { .. }), "{over:?}");
    }

    #[tokio::test]
    async fn r74_typing_slips_on_the_machine_itself_count_as_anywhere_else() {
        let house = house(sections::Throttle::default());
        let own: IpAddr = "::1".parse().unwrap();
        for _ in 0..4 {
            assert!(is_refused(&house.attempt("alice", "oops", own).await));
        }
        let owner = house.attempt("alice", "wonderland", own).await;
        assert!(matches!(owner, Outcome::Proven(_)), "{owner:?}");
    }

    #[tokio::test]
    async fn r74_an_unknown_account_waits_exactly_as_a_known_one() {
        let house = house(sections::Throttle::default());
        for _ in 0..12 {
            let known = house.attempt("alice", "wrong", [203, 0, 113, 1]).await;
            let unknown = house.attempt("nobody", "wrong", [198, 51, 100, 1]).await;
            match (&known, &unknown) {
                (Outcome::Refused(_), Outcome::Refused(_)) => {}
                (Outcome::Wait { until }, Outcome::Wait { until: other }) => {
                    assert_eq!(until, other);
                }
                _ => panic!("{known:?} {unknown:?}"),
            }
            house.clock.advance(SignedDuration::from_secs(1));
        }
    }

    #[tokio::test]
    async fn r74_who_shares_a_network_with_a_guesser_waits_a_minute_at_most_and_then_starts_anew() {
        let house = house(sections::Throttle::default());
        for _ in 0..40 {
            house.attempt("alice", "wrong", CAMPUS).await;
            house.clock.advance(SignedDuration::from_secs(60));
        }
        house.attempt("alice", "wrong", CAMPUS).await;
        let told = house.attempt("alice", "wonderland", CAMPUS).await;
        let Outcome::Wait { until } = told else {
            panic!("{told:?}")
        };
        assert!(until <= house.clock.now() + SignedDuration::from_secs(60));
        house.clock.advance(until - house.clock.now());
        assert!(matches!(
            house.attempt("alice", "wonderland", CAMPUS).await,
            Outcome::Proven(_)
        ));
        for _ in 0..5 {
            assert!(matches!(
                house.attempt("alice", "oops", CAMPUS).await,
                Outcome::Refused(_)
            ));
        }
        assert!(matches!(
            house.attempt("alice", "oops", CAMPUS).await,
            Outcome::Wait { .. }
        ));
    }

    #[tokio::test]
    async fn r74_a_campus_of_people_who_sign_in_does_not_wait_and_their_success_buys_no_guesses() {
        let rules = sections::Throttle {
            free_per_network: 3,
            ..sections::Throttle::default()
        };
        let house = house(rules);
        for guess in 0..3 {
            for _ in 0..4 {
                let proven = house.attempt("bob", "wonderland", CAMPUS).await;
                assert!(matches!(proven, Outcome::Proven(_)), "{proven:?}");
            }
            let wrong = house
                .attempt(&format!("person{guess}"), "wrong", CAMPUS)
                .await;
            assert!(matches!(wrong, Outcome::Refused(_)), "{wrong:?}");
        }
        assert!(matches!(
            house.attempt("bob", "wonderland", CAMPUS).await,
            Outcome::Wait { .. }
        ));
    }

    #[tokio::test]
    async fn r74_trying_on_at_one_waiting_account_does_not_use_up_the_network() {
        let rules = sections::Throttle {
            free_per_network: 7,
            ..sections::Throttle::default()
        };
        let house = house(rules);
        for _ in 0..100 {
            house.attempt("alice", "wrong", CAMPUS).await;
        }
        assert!(matches!(
            house.attempt("bob", "wonderland", CAMPUS).await,
            Outcome::Proven(_)
        ));
    }

    #[tokio::test]
    async fn r74_an_attempt_that_was_not_made_is_not_counted() {
        let house = house(sections::Throttle::default());
        house.pool.stop();
        // More than are free for the account, and for the network.
        for _ in 0..300 {
            let attempt = house
                .attempt_with(&house.store, "alice", "wrong", CAMPUS.into())
                .await;
            assert!(
                matches!(attempt, Err(AuthnError::Unchecked(_))),
                "{attempt:?}"
            );
        }
    }

    /// A store that answers a number of times and then no more.
    struct Dying(AtomicUsize);

    impl Attempts for Dying {
        async fn attempt(
            &self,
            _: [u8; 32],
            _: AttemptRule,
            _: Timestamp,
        ) -> Result<Verdict, StoreError> {
            let left = self
                .0
                .fetch_update(SeqCst, SeqCst, |left| left.checked_sub(1));
            left.map(|_| Verdict::Go).or(Err(StoreError::Unavailable))
        }

        async fn forgive(&self, _: [u8; 32]) -> Result<(), StoreError> {
            Err(StoreError::Unavailable)
        }

        async fn take_back(
            &self,
            _: [u8; 32],
            _: AttemptRule,
            _: Timestamp,
        ) -> Result<(), StoreError> {
            Err(StoreError::Unavailable)
        }
    }

    #[tokio::test]
    async fn r74_what_cannot_be_counted_is_not_tried() {
        for answers in [0, 1, 2] {
            let house = house(sections::Throttle::default());
            let dying = Dying(answers.into());
            let outcome = house
                .attempt_with(&dying, "alice", "wonderland", CAMPUS.into())
                .await;
            assert!(
                matches!(outcome, Err(AuthnError::Uncounted(StoreError::Unavailable))),
                "{outcome:?}"
            );
            assert_eq!(house.pool.hashes_made(), 0);
        }
    }

    #[tokio::test]
    async fn r121_neither_an_attempt_nor_the_authenticator_shows_a_password() {
        let house = house(sections::Throttle::default());
        let attempt = PasswordAttempt {
            username: "alice",
            password: &Secret::from("canary".to_owned()),
            address: CAMPUS.into(),
            context: AuthnContextClass::Password,
        };
        assert!(!format!("{attempt:?}").contains("canary"));
        assert!(!format!("{:?}", house.authenticator).contains("argon2id"));
    }
}
