//! The taxpayers' portal: pages on a port of their own, signed in through the e-tax bureau.
