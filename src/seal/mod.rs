//! Keys, signatures, certificates and the SD-JWT container of a dossier.
