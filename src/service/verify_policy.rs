//! Offline verification against a policy (C2SP tlog-policy): did a ledger that it names sign the receipt's
//! checkpoint, and did enough of its witnesses cosign it.

use super::receipt::Receipt;
use crate::domain::timestamp::Timestamp;
use crate::ledger::checkpoint::Checkpoint;
use crate::ledger::note::NoteError;
use crate::ledger::policy::Policy;
use crate::ledger::receipt::InclusionReceipt;
use crate::seal::verify::Check;

/// The checks of a receipt against a policy. That the checkpoint covers the entry is checked with the dossier.
pub fn check_policy(receipt: &Receipt, policy: &Policy) -> Vec<Check> {
    let proof = InclusionReceipt::parse(&receipt.proof).map_err(|why| format!("receipt.proof: {why}"));
    let checkpoint = proof.map(|proof| proof.checkpoint);
    vec![
        Check {
            name: "策略账本 ledger of the policy",
            outcome: checkpoint.clone().and_then(|c| log(&c, policy)),
        },
        Check {
            name: "策略见证 witnesses of the policy",
            outcome: checkpoint.and_then(|c| quorum(&c, policy)),
        },
    ]
}

fn log(checkpoint: &str, policy: &Policy) -> Result<String, String> {
    if policy.logs.is_empty() {
        return Ok("the policy names none: the trust file's counts".into());
    }
    let signed = policy.logs.iter().find_map(|log| Checkpoint::open(checkpoint, log).ok());
    signed.map(|signed| signed.origin).ok_or_else(|| "no ledger that the policy names signed it".into())
}

fn quorum(checkpoint: &str, policy: &Policy) -> Result<String, String> {
    let judged = policy.judge(checkpoint).map_err(|why| why.to_string())?;
    let (mut cosigned, mut missing) = (Vec::new(), Vec::new());
    for (name, outcome) in &judged.witnesses {
        match outcome {
            Ok(seconds) => cosigned.push(format!("{name} {}", instant(*seconds))),
            Err(NoteError::NotSigned) => missing.push(format!("{name} 未副署 did not cosign")),
            Err(why) => missing.push(format!("{name}: {why}")),
        }
    }
    let told = [("cosigned by", &cosigned), ("missing", &missing)]
        .into_iter()
        .filter(|(_, names)| !names.is_empty())
        .map(|(what, names)| format!("{what} {}", names.join(", ")));
    let told =
        format!("{} of {}; {}", cosigned.len(), judged.witnesses.len(), told.collect::<Vec<_>>().join("; "));
    let told = told.trim_end_matches("; ").to_owned();
    if judged.holds { Ok(told) } else { Err(format!("not the policy's quorum: {told}")) }
}

fn instant(seconds: u64) -> String {
    let micros = i64::try_from(seconds).ok().and_then(|seconds| seconds.checked_mul(1_000_000));
    micros.and_then(Timestamp::from_micros).map_or_else(|| seconds.to_string(), |at| at.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::cosignature::Cosigner;
    use crate::ledger::hash::leaf_hash;
    use crate::ledger::note::NoteSigner;
    use crate::seal::keys::generate_ed25519;

    struct World {
        ledger: NoteSigner,
        witnesses: Vec<Cosigner>,
    }

    impl World {
        fn new() -> Self {
            let witness = |name| Cosigner::from_pkcs8(name, &generate_ed25519().unwrap()).unwrap();
            let ledger =
                NoteSigner::from_pkcs8("tax.example/v1/ledger", &generate_ed25519().unwrap()).unwrap();
            Self { ledger, witnesses: ["regulator", "bank-01", "bank-02"].map(witness).into() }
        }

        fn policy(&self, quorum: usize) -> Policy {
            let mut text = format!("log {}\n", self.ledger.verifier());
            for (place, witness) in self.witnesses.iter().enumerate() {
                text.push_str(&format!("witness w{place} {}\n", witness.verifier()));
            }
            Policy::parse(&format!("{text}group all-of-them {quorum} w0 w1 w2\nquorum all-of-them\n"))
                .unwrap()
        }

        fn receipt(&self, cosigners: &[usize]) -> Receipt {
            let checkpoint =
                Checkpoint { origin: "tax.example/v1/ledger".into(), size: 1, root: leaf_hash(b"leaf") };
            let note = cosigners.iter().fold(checkpoint.sign(&self.ledger), |note, place| {
                note + &self.witnesses[*place].cosign(&checkpoint.to_text(), 1_800_000_000).to_string()
            });
            Receipt::new(
                b"leaf",
                &[0; 32],
                &InclusionReceipt { index: 0, hashes: Vec::new(), checkpoint: note },
            )
        }
    }

    #[test]
    fn enough_witnesses_hold_and_the_missing_are_named() {
        let world = World::new();
        let checks = check_policy(&world.receipt(&[0, 2]), &world.policy(2));
        assert!(checks.iter().all(|check| check.outcome.is_ok()), "{checks:?}");
        let told = checks[1].outcome.clone().unwrap();
        assert!(told.starts_with("2 of 3; cosigned by w0 2027-01-15T08:00:00"), "{told}");
        assert!(told.contains("missing w1 未副署"), "{told}");
        let told = check_policy(&world.receipt(&[1]), &world.policy(2))[1].outcome.clone().unwrap_err();
        assert!(
            told.contains("1 of 3") && told.contains("w0 未副署") && told.contains("w2 未副署"),
            "{told}"
        );
    }

    #[test]
    fn another_ledger_or_a_broken_receipt_does_not_hold() {
        let (world, other) = (World::new(), World::new());
        let checks = check_policy(&world.receipt(&[0, 1, 2]), &other.policy(1));
        assert!(checks.iter().all(|check| check.outcome.is_err()), "{checks:?}");
        let none = Policy::parse("quorum none\n").unwrap();
        assert!(check_policy(&world.receipt(&[]), &none).iter().all(|check| check.outcome.is_ok()));
        let broken = Receipt { entry: String::new(), salt: String::new(), proof: "no proof".into() };
        assert!(check_policy(&broken, &none).iter().all(|check| check.outcome.is_err()));
    }
}
