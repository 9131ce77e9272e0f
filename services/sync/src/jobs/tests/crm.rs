//! A CRM that fails as it is told: it can be away, do what it is asked and not answer, refuse, or have lost what a plan names.

use std::collections::{BTreeSet, VecDeque};
use std::sync::{Mutex, PoisonError};

use rules::{Catalogue, Change, Contact, Employee, Known, OpenDeal, Pipeline, Stage};
use types::AccountId;

use crate::domain::client::Client;
use crate::domain::fault::Fault;
use crate::domain::run::{Run, Step};
use crate::target::{CrmTarget, Due, Journal, Question};

/// What goes wrong with a call that applies a run.
#[derive(Debug, Clone, Copy)]
pub enum Trouble {
    /// It is away.
    Away,
    /// It does what it is asked, and the answer is lost.
    Silent,
    /// It refuses.
    Refuses,
    /// The stage of the plan is gone.
    Stale,
}

#[derive(Default)]
struct State {
    troubles: VecDeque<Trouble>,
    away: bool,
    /// How often it was asked anything.
    asked: usize,
    stage: String,
    /// Contacts and deals by id, with whose they are.
    made: BTreeSet<(String, String, &'static str)>,
    /// Numbers of conversations in the order in which they were handled.
    handled: Vec<String>,
}

/// The CRM.
#[derive(Default)]
pub struct FakeCrm(Mutex<State>);

impl FakeCrm {
    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What goes wrong with the next calls, one after the other.
    pub fn trouble(&self, troubles: &[Trouble]) {
        self.state().troubles.extend(troubles);
    }

    /// Does it answer at all?
    pub fn set_away(&self, away: bool) {
        self.state().away = away;
    }

    /// How often it was asked anything.
    pub fn asked(&self) -> usize {
        self.state().asked
    }

    /// How many contacts and deals there are.
    pub fn made(&self) -> (usize, usize) {
        let state = self.state();
        let count = |wanted| {
            state
                .made
                .iter()
                .filter(|(_, _, kind)| *kind == wanted)
                .count()
        };
        (count("contact"), count("deal"))
    }

    /// Numbers of conversations of a client in the order in which they were handled.
    pub fn handled(&self) -> Vec<String> {
        self.state().handled.clone()
    }

    fn stage(state: &State) -> String {
        if state.stage.is_empty() {
            "first".into()
        } else {
            state.stage.clone()
        }
    }
}

#[tonic::async_trait]
impl CrmTarget for FakeCrm {
    async fn catalogue(&self, _: AccountId) -> Result<Catalogue, Fault> {
        let mut state = self.state();
        state.asked += 1;
        if state.away {
            return Err(Fault::Unavailable("away".into()));
        }
        Ok(Catalogue {
            pipelines: vec![Pipeline {
                id: "sales".into(),
                name: "Sales".into(),
                stages: vec![Stage {
                    id: Self::stage(&state),
                    name: "First".into(),
                    is_final: false,
                }],
            }],
            fields: Vec::new(),
            employees: vec![Employee {
                id: "anna".into(),
                name: "Anna".into(),
                is_active: true,
            }],
        })
    }

    async fn look_up(&self, client: &Client, _: &Question) -> Result<Known, Fault> {
        let mut state = self.state();
        state.asked += 1;
        if state.away {
            return Err(Fault::Unavailable("away".into()));
        }
        let of = |wanted| {
            let own = state
                .made
                .iter()
                .filter(move |(_, whose, kind)| *whose == client.external_id && *kind == wanted);
            own.map(|(id, _, _)| id.clone())
        };
        Ok(Known {
            contact: of("contact").next().map(|id| Contact {
                id,
                responsible: "anna".into(),
            }),
            open_deals: of("deal")
                .map(|id| OpenDeal {
                    id,
                    pipeline: "sales".into(),
                })
                .collect(),
            ..Known::default()
        })
    }

    async fn apply(
        &self,
        client: &Client,
        run: &mut Run,
        _: &Due,
        _: &dyn Journal,
    ) -> Result<(), Fault> {
        let mut state = self.state();
        state.asked += 1;
        let trouble = state.troubles.pop_front();
        if state.away || matches!(trouble, Some(Trouble::Away)) {
            return Err(Fault::Unavailable("away".into()));
        }
        match trouble {
            Some(Trouble::Refuses) => return Err(Fault::Refused("the name is too long".into())),
            Some(Trouble::Stale) => {
                state.stage = "second".into();
                return Err(Fault::Stale("no such stage".into()));
            }
            _ => {}
        }
        let whose = client.external_id.clone();
        for (change, step) in run.plan.changes.iter().zip(&run.steps) {
            let kind = match change {
                Change::Contact(_) => "contact",
                Change::Deal(_) => "deal",
                _ => continue,
            };
            state.made.insert((step.id.clone(), whose.clone(), kind));
        }
        state.handled.push(run.number.to_string());
        if matches!(trouble, Some(Trouble::Silent)) {
            return Err(Fault::Unavailable("no answer".into()));
        }
        let done = |step: &Step| Step {
            done: true,
            ..step.clone()
        };
        run.steps = run.steps.iter().map(done).collect();
        Ok(())
    }
}
