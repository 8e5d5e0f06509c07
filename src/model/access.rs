//! What somebody who asks the private side may do.
//!
//! In: a word of a token or of the config. Out: an ordered role. Invariant: who may do more may do all of what is less.
//! Refuses to know how somebody proved who they are.

use super::event::words;

words!(
    /// What somebody may do; each role holds those before it.
    Role {
        /// Look at everything.
        Read = "read",
        /// Answer alerts, report usage and observations, send a message again.
        Act = "act",
        /// Everything: also what speaks for forewarn itself.
        Admin = "admin",
    }
);
