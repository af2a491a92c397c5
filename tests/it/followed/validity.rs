//! Until when metadata must say that it counts (IIP-MD04, SDP-MD03): what the administrator asks for.

use super::{ACS, Wiki, gives, version_with};
use crate::bridge::keys::{intranet_key, zoom_key};

/// The clock shows 2026-11-26T08:00:00Z.
const SAYS_NOTHING: &str = "";
const OVER: &str = "validUntil=\"2026-11-26T07:59:59Z\"";
const A_DAY: &str = "validUntil=\"2026-11-27T12:00:00Z\"";
const THIRTY_DAYS: &str = "validUntil=\"2026-12-26T08:00:00Z\"";
const A_SECOND_MORE: &str = "validUntil=\"2026-12-26T08:00:01Z\"";
const NEVER: &str = "validUntil=\"9999-12-31T23:59:59Z\"";

#[tokio::test]
async fn iip_md04_sdp_md03_how_far_ahead_metadata_may_end_and_whether_it_must_is_the_administrators_word()
 {
    let key = zoom_key();
    for (lines, taken, refused) in [
        (
            "",
            &[SAYS_NOTHING, A_DAY, A_SECOND_MORE, NEVER][..],
            &[][..],
        ),
        (
            "max-validity-days = 30",
            &[A_DAY, THIRTY_DAYS],
            &[SAYS_NOTHING, A_SECOND_MORE, NEVER],
        ),
        (
            "max-validity-days = 2",
            &[A_DAY],
            &[SAYS_NOTHING, THIRTY_DAYS, NEVER],
        ),
    ] {
        for (ends, state) in { taken.iter().map(|ends| (ends, "good")) }
            .chain(refused.iter().map(|ends| (ends, "unusable")))
            .chain([(&OVER, "expired")])
        {
            let wiki = Wiki::start(gives(&version_with(ends, &[key], &[ACS]), "\"1\""));
            let bridge = wiki.followed(lines).await;
            assert_eq!(bridge.source().await.1, state, "{lines}: {ends}");
            assert_eq!(bridge.takes(key).await, state == "good", "{lines}: {ends}");
            bridge.others_go_on().await;
        }
    }
}

#[tokio::test]
async fn breach_of_iip_md04_sdp_md03_a_version_that_ends_never_too_late_or_already_takes_no_ones_place()
 {
    let (old, new) = (zoom_key(), intranet_key());
    let wiki = Wiki::start(gives(&version_with(THIRTY_DAYS, &[old], &[ACS]), "\"1\""));
    let bridge = wiki.followed("max-validity-days = 30").await;
    for (ends, state) in [
        (SAYS_NOTHING, "unusable"),
        (NEVER, "unusable"),
        (OVER, "expired"),
    ] {
        let text = version_with(ends, &[old, new], &[ACS]);
        wiki.says(gives(&text, "\"2\""));
        bridge.refresh_after(24 * 60).await;
        bridge.is_at(state, false).await;
        assert!(
            bridge.takes(old).await && !bridge.takes(new).await,
            "{ends}"
        );
    }
}
