//! L0: the words of the house as types. Nothing here does I/O, reads a clock or knows another layer.
//!
//! In: nothing of ours. Out: plain values that every layer above shares. Invariant: a value that exists is well formed
//! (ids parse, dates are real), so no layer above checks it again. Refuses to hold behaviour that belongs to a rule.

pub mod access;
pub mod action;
pub mod alert;
pub mod deadline;
pub mod digest;
pub mod event;
pub mod ids;
pub mod listed;
pub mod matter;
pub mod moment;
pub mod obligation;
pub mod observation;
pub mod payload;
pub mod schedule;
pub mod silence;
pub mod subject;
pub mod text;
pub mod usage;

pub use access::Role;
pub use action::{Act, Action, By, Until, Via};
pub use alert::{Acknowledgement, Alert, AlertState, Recipient, Resolution, ResolveReason, Said};
pub use deadline::{Deadline, Firmness, Precision};
pub use digest::{DigestOf, DigestPlan, DigestTime, NewDigest};
pub use event::{Change, Event, Kind, NewEvent, Severity};
pub use ids::{AlertId, ConnectionId, EventId, MatterId, NotificationId, PayloadId, ProviderId, SourceId};
pub use listed::{Listed, ModelList};
pub use matter::{Claim, Claims, Listing, MatterState, Pending, Rank, Stage, Window};
pub use moment::Stretch;
pub use obligation::{Contact, ContactId, NewNotification, NewObligation, Reason, StepKey, Told};
pub use observation::{Aftermath, Fact, Observation, Outcome as ReadOutcome};
pub use payload::{Payload, Trust, Unverified, Verified};
pub use schedule::{Every, Schedule};
pub use silence::{Matcher, Silence};
pub use subject::{Label, Subject, SubjectType};
pub use usage::{CoveredDay, Direction, UsageReport, Use, UseRow};
