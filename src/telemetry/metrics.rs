//! What is counted, for a machine that watches, in the text of `OpenMetrics` 1.0.
//!
//! It names machines of the university, so that it has an address of its own: `[metrics] listen`.

use std::{fmt, sync::Arc};

use axum::{
    Router,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse as _, Response},
    routing::get,
};
use jiff::Timestamp;
use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric as _, text},
    metrics::{MetricType, counter::ConstCounter, gauge::ConstGauge},
    registry::Registry,
};

use crate::{
    authn::{ServerRecord, cas::Cas},
    control::{Duty, days_left},
    flow::bridge::Health,
    metadata::{registry::SpState, sources::SourceRecord},
    model::short_name::ShortName,
    store::redis::{
        RedisRecord,
        clocks::{ClockRecord, ClockStanding},
    },
    sys::seal::KeyRing,
    web::Front,
};

const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// `GET /metrics`, and nothing else.
///
/// `duties` says what must be done by when.
pub fn router(
    front: Arc<Front>,
    duties: impl Fn(Timestamp) -> Vec<Duty> + Send + Sync + 'static,
) -> Router {
    let mut registry = Registry::with_prefix("passerelle");
    registry.register_collector(Box::new(Counts {
        front,
        duties: Box::new(duties),
    }));
    Router::new()
        .route("/metrics", get(tell))
        .with_state(Arc::new(registry))
}

async fn tell(State(registry): State<Arc<Registry>>) -> Response {
    let mut told = String::new();
    match text::encode(&mut told, &registry) {
        Ok(()) => ([(header::CONTENT_TYPE, CONTENT_TYPE)], told).into_response(),
        Err(fmt::Error) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// All that the parts of the bridge count for themselves, and what ends.
struct Counts {
    front: Arc<Front>,
    duties: Box<dyn Fn(Timestamp) -> Vec<Duty> + Send + Sync>,
}

impl fmt::Debug for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Counts")
            .field("front", &self.front)
            .finish_non_exhaustive()
    }
}

/// What kind of server it is, and what has come of it.
type Counted = (&'static str, ServerRecord);

impl Collector for Counts {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let bridge = &self.front.bridge;
        let now = bridge.clock.now();
        let cas = bridge.authenticator.cas.as_ref();
        let directory = bridge.directory.as_ref();
        let of_cas = cas.map(Cas::records).unwrap_or_default();
        let of_directory = directory.map(|directory| directory.records());
        let of_directory = of_directory.unwrap_or_default().into_iter();
        let servers = of_cas.into_iter().map(|record| ("cas", record));
        let servers: Vec<_> = servers
            .chain(of_directory.map(|record| ("ldap", record)))
            .collect();
        if !servers.is_empty() {
            encode_servers(&servers, &mut encoder)?;
        }
        encode_providers(bridge.registry.states(now), &mut encoder)?;
        encode_unsigned(bridge.unsigned(now), &mut encoder)?;
        encode_seal_keys(&bridge.seal, now, &mut encoder)?;
        encode_ends(&(self.duties)(now), now, &mut encoder)?;
        encode_sources(&bridge.sources.records(), &mut encoder)?;
        if let Some(store) = bridge.store.record() {
            encode_store(store, &mut encoder)?;
        }
        let (health, connections) = (&bridge.health, &self.front.connections);
        encode_written(health, &mut encoder)?;
        for (name, help, count) in [
            (
                "requests_without_replay_mark",
                "Requests answered although the store could not say whether they were used",
                health.replay_unguarded(),
            ),
            (
                "cas_tickets_without_mark",
                "CAS tickets asked about although the store could not note that they were brought",
                health.tickets_unmarked(),
            ),
            (
                "sessions_unkept",
                "Sign-ins that the store could not remember or look up",
                health.sessions_unkept(),
            ),
            (
                "story_steps_dropped",
                "Steps of sign-ins that are not kept for the help desk: too many at one time, or no room in the store, or no answer",
                bridge.stories.dropped(),
            ),
            (
                "connections_closed_for_others",
                "Connections that were idle, or had waited longest for their clients, when one more came than there may be",
                connections.closed(),
            ),
            (
                "connections_refused",
                "Connections that came while as many as there may be were being answered",
                connections.refused(),
            ),
        ] {
            let counted = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
            ConstCounter::new(count).encode(counted)?;
        }
        Ok(())
    }
}

/// Whether what has to be written is.
fn encode_written(health: &Health, encoder: &mut DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
    if let Some(log) = health.log() {
        let help = "Lines of the log that could not be written";
        let told = encoder.encode_descriptor("log_lines_lost", help, None, MetricType::Counter)?;
        ConstCounter::new(log.lost()).encode(told)?;
    }
    if let Some(is_written) = health.is_state_folder_written() {
        let help = "Whether the state folder took what was last written there for a try";
        let told =
            encoder.encode_descriptor("state_folder_written", help, None, MetricType::Gauge)?;
        ConstGauge::new(i64::from(is_written)).encode(told)?;
    }
    Ok(())
}

fn encode_seal_keys(
    keys: &KeyRing,
    now: Timestamp,
    encoder: &mut DescriptorEncoder<'_>,
) -> Result<(), fmt::Error> {
    let help = "What a key that seals sign-ins does, by the key: all nodes are to say the same";
    let mut told = encoder.encode_descriptor("seal_key", help, None, MetricType::Gauge)?;
    for (id, does) in keys.uses(now) {
        let labels = [("key", &*id.to_string()), ("use", does.word())];
        ConstGauge::new(1_i64).encode(told.encode_family(&labels)?)?;
    }
    Ok(())
}

fn encode_store(store: RedisRecord, encoder: &mut DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
    for (name, help, is_so) in [
        (
            "store_answers",
            "Whether the server that nodes share answered when it was last asked",
            store.answers,
        ),
        (
            "store_full",
            "Whether that server had no room for what it was given within the last minute",
            store.is_full,
        ),
    ] {
        let told = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
        ConstGauge::new(i64::from(is_so)).encode(told)?;
    }
    for (name, help, count) in [
        (
            "store_unanswered",
            "Questions to that server that it did not answer, or not with what was asked for",
            store.unanswered,
        ),
        (
            "store_values_refused",
            "Values on that server that are not ours, or not where they were put",
            store.refused,
        ),
    ] {
        let counted = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
        ConstCounter::new(count).encode(counted)?;
    }
    store
        .clock
        .map_or(Ok(()), |clock| encode_clock(clock, encoder))
}

fn encode_clock(clock: ClockRecord, encoder: &mut DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
    let is_wrong = clock.standing == ClockStanding::Wrong;
    for (name, help, value) in [
        (
            "clock_ahead_seconds",
            "How far the clock of this node is ahead of that of the server that nodes share",
            clock.ahead.as_secs(),
        ),
        (
            "clock_wrong",
            "Whether more of the other nodes agree with that server than with this node, which is far from it",
            i64::from(is_wrong),
        ),
    ] {
        let told = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
        ConstGauge::new(value).encode(told)?;
    }
    Ok(())
}

fn encode_providers<'a>(
    states: impl Iterator<Item = (&'a ShortName, SpState)>,
    encoder: &mut DescriptorEncoder<'_>,
) -> Result<(), fmt::Error> {
    let mut states = states.peekable();
    if states.peek().is_none() {
        return Ok(());
    }
    let mut told = encoder.encode_descriptor(
        "service_provider_state",
        "How it stands with the metadata of a service provider, by provider",
        None,
        MetricType::Gauge,
    )?;
    for (name, state) in states {
        let labels = [("sp", name.as_str()), ("state", state.word())];
        ConstGauge::new(1_i64).encode(told.encode_family(&labels)?)?;
    }
    Ok(())
}

fn encode_unsigned(unsigned: usize, encoder: &mut DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
    let told = encoder.encode_descriptor(
        "service_providers_not_signed_for",
        "Service providers for which the token that holds our key does not sign at present",
        None,
        MetricType::Gauge,
    )?;
    ConstGauge::new(i64::try_from(unsigned).unwrap_or(i64::MAX)).encode(told)
}

fn encode_sources(
    sources: &[(ShortName, SourceRecord)],
    encoder: &mut DescriptorEncoder<'_>,
) -> Result<(), fmt::Error> {
    if sources.is_empty() {
        return Ok(());
    }
    let mut states = encoder.encode_descriptor(
        "metadata_source_state",
        "How it stands with a source of metadata that is asked again and again, by provider",
        None,
        MetricType::Gauge,
    )?;
    for (name, record) in sources {
        let labels = [("sp", name.as_str()), ("state", record.state.word())];
        ConstGauge::new(1_i64).encode(states.encode_family(&labels)?)?;
    }
    let mut held = encoder.encode_descriptor(
        "metadata_source_held",
        "Whether a version of a provider's metadata waits for the administrator, by provider",
        None,
        MetricType::Gauge,
    )?;
    for (name, record) in sources {
        let labels = [("sp", name.as_str())];
        let told = held.encode_family(&labels)?;
        ConstGauge::new(i64::from(record.held.is_some())).encode(told)?;
    }
    let mut answers = encoder.encode_descriptor(
        "metadata_source_answers",
        "Questions to a source of metadata, by provider and by what came of them",
        None,
        MetricType::Counter,
    )?;
    for (name, record) in sources {
        for (state, count) in &record.counts {
            let labels = [("sp", name.as_str()), ("state", state.word())];
            ConstCounter::new(*count).encode(answers.encode_family(&labels)?)?;
        }
    }
    Ok(())
}

/// How many days are left of what ends soon, and how many have gone by since it ended.
fn encode_ends(
    duties: &[Duty],
    now: Timestamp,
    encoder: &mut DescriptorEncoder<'_>,
) -> Result<(), fmt::Error> {
    let mut ends = duties
        .iter()
        .filter_map(|duty| Some((duty, duty.until?)))
        .peekable();
    if ends.peek().is_none() {
        return Ok(());
    }
    let mut told = encoder.encode_descriptor(
        "days_left",
        "Whole days until something ends that ends within 60 days or is over, by whom it is for and what it is",
        None,
        MetricType::Gauge,
    )?;
    for (duty, end) in ends {
        let labels = [("for", &*duty.whom), ("what", &*duty.what)];
        ConstGauge::new(days_left(end, now)).encode(told.encode_family(&labels)?)?;
    }
    Ok(())
}

fn encode_servers(
    servers: &[Counted],
    encoder: &mut DescriptorEncoder<'_>,
) -> Result<(), fmt::Error> {
    let mut answers = encoder.encode_descriptor(
        "server_answers",
        "Questions that a server answered, by server",
        None,
        MetricType::Counter,
    )?;
    for (kind, record) in servers {
        let labels = [("kind", *kind), ("server", &*record.name)];
        let counted = answers.encode_family(&labels)?;
        ConstCounter::new(record.answered).encode(counted)?;
    }
    let mut faults = encoder.encode_descriptor(
        "server_faults",
        "Questions that a server did not answer, by server and fault",
        None,
        MetricType::Counter,
    )?;
    for (kind, record) in servers {
        for (fault, count) in &record.failed {
            let labels = [
                ("kind", *kind),
                ("server", &*record.name),
                ("fault", *fault),
            ];
            let counted = faults.encode_family(&labels)?;
            ConstCounter::new(*count).encode(counted)?;
        }
    }
    let mut not_asked = encoder.encode_descriptor(
        "server_questions_without_a_file",
        "Questions that could not be put to a server since no more files may be open here, by server",
        None,
        MetricType::Counter,
    )?;
    for (kind, record) in servers {
        let labels = [("kind", *kind), ("server", &*record.name)];
        let counted = not_asked.encode_family(&labels)?;
        ConstCounter::new(record.not_asked).encode(counted)?;
    }
    let mut resting = encoder.encode_descriptor(
        "server_resting",
        "Whether a server is not asked for the moment, by server",
        None,
        MetricType::Gauge,
    )?;
    for (kind, record) in servers {
        let labels = [("kind", *kind), ("server", &*record.name)];
        let told = resting.encode_family(&labels)?;
        ConstGauge::new(i64::from(record.is_resting)).encode(told)?;
    }
    Ok(())
}
