//! What the exchange is about: taxpayers, tax facts, consents, dossiers. Knows no database, socket or clock.
