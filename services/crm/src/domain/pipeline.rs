//! Pipelines and their stages.

use time::OffsetDateTime;
use types::{Language, PipelineId, StageId};

/// How many pipelines an account may have.
pub const MAX_PIPELINES: usize = 50;
/// How many stages a pipeline may have.
pub const MAX_STAGES: usize = 100;

/// A pipeline. It has a first stage, working ones, and the two final ones, in this order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pipeline {
    /// Its id.
    pub id: PipelineId,
    /// Name.
    pub name: String,
    /// Place among the pipelines.
    pub position: i32,
    /// In order.
    pub stages: Vec<Stage>,
    /// Grows with every change.
    pub version: i64,
    /// When it was made.
    pub create_time: OffsetDateTime,
}

/// A stage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stage {
    /// Its id.
    pub id: StageId,
    /// Name.
    pub name: String,
    /// What it is for.
    pub kind: StageKind,
}

/// What a stage is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StageKind {
    /// The first: where new deals come in.
    Incoming,
    /// A deal is being worked on.
    Working,
    /// Final: won.
    Won,
    /// Final: lost.
    Lost,
}

impl StageKind {
    /// Is a deal there done?
    #[must_use]
    pub fn is_final(self) -> bool {
        matches!(self, Self::Won | Self::Lost)
    }
}

/// Why a stage was not changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Problem {
    /// The pipeline has no such stage.
    Unknown,
    /// It belongs to every pipeline.
    Fixed,
    /// There are as many as there may be.
    Full,
}

impl Pipeline {
    /// A new pipeline with these working stages; the others are named in `language`.
    #[must_use]
    pub fn new(
        name: String,
        working: Vec<String>,
        language: Language,
        now: OffsetDateTime,
    ) -> Self {
        let [incoming, won, lost] = names(language).map(str::to_owned);
        let mut stages = vec![stage(incoming, StageKind::Incoming)];
        stages.extend(
            working
                .into_iter()
                .map(|name| stage(name, StageKind::Working)),
        );
        stages.push(stage(won, StageKind::Won));
        stages.push(stage(lost, StageKind::Lost));
        Self {
            id: PipelineId::generate(),
            name,
            position: 0,
            stages,
            version: 1,
            create_time: now,
        }
    }

    /// Where new deals come in.
    #[must_use]
    pub fn first(&self) -> Option<&Stage> {
        self.stages.first()
    }

    /// One of its stages.
    #[must_use]
    pub fn stage(&self, id: StageId) -> Option<&Stage> {
        self.stages.iter().find(|stage| stage.id == id)
    }

    /// Adds a working stage before the final ones.
    ///
    /// # Errors
    /// `Full`.
    pub fn add_stage(&mut self, name: String) -> Result<(), Problem> {
        if self.stages.len() >= MAX_STAGES {
            return Err(Problem::Full);
        }
        let place = self.finals();
        self.stages.insert(place, stage(name, StageKind::Working));
        Ok(())
    }

    /// Renames a stage.
    ///
    /// # Errors
    /// `Unknown`.
    pub fn rename_stage(&mut self, id: StageId, name: String) -> Result<(), Problem> {
        let place = self.place(id)?;
        self.stages[place].name = name;
        Ok(())
    }

    /// Moves a working stage; a place outside of the working ones means the nearest one of them.
    ///
    /// # Errors
    /// `Unknown`, `Fixed`.
    pub fn move_stage(&mut self, id: StageId, to: usize) -> Result<(), Problem> {
        let from = self.working(id)?;
        let stage = self.stages.remove(from);
        let to = to.clamp(1, self.finals());
        self.stages.insert(to, stage);
        Ok(())
    }

    /// Removes a working stage.
    ///
    /// # Errors
    /// `Unknown`, `Fixed`.
    pub fn remove_stage(&mut self, id: StageId) -> Result<(), Problem> {
        let place = self.working(id)?;
        self.stages.remove(place);
        Ok(())
    }

    /// Where the final stages begin.
    fn finals(&self) -> usize {
        let first = self.stages.iter().position(|stage| stage.kind.is_final());
        first.unwrap_or(self.stages.len())
    }

    fn place(&self, id: StageId) -> Result<usize, Problem> {
        let place = self.stages.iter().position(|stage| stage.id == id);
        place.ok_or(Problem::Unknown)
    }

    fn working(&self, id: StageId) -> Result<usize, Problem> {
        let place = self.place(id)?;
        match self.stages[place].kind {
            StageKind::Working => Ok(place),
            StageKind::Incoming | StageKind::Won | StageKind::Lost => Err(Problem::Fixed),
        }
    }
}

fn stage(name: String, kind: StageKind) -> Stage {
    Stage {
        id: StageId::generate(),
        name,
        kind,
    }
}

/// The names of the stages that every pipeline has.
fn names(language: Language) -> [&'static str; 3] {
    match language {
        Language::Ru => [
            "Неразобранное",
            "Успешно реализовано",
            "Закрыто и не реализовано",
        ],
        Language::Es => ["Entrantes", "Ganado", "Perdido"],
        Language::En => ["Incoming", "Won", "Lost"],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pipeline() -> Pipeline {
        let working = ["A", "B", "C"].map(str::to_owned).to_vec();
        Pipeline::new(
            "Sales".to_owned(),
            working,
            Language::En,
            OffsetDateTime::UNIX_EPOCH,
        )
    }

    fn order(pipeline: &Pipeline) -> String {
        let names: Vec<_> = pipeline
            .stages
            .iter()
            .map(|stage| &stage.name[..])
            .collect();
        names.join(" ")
    }

    #[test]
    fn the_first_stage_is_incoming_and_the_last_two_are_final() {
        let pipeline = pipeline();
        assert_eq!(order(&pipeline), "Incoming A B C Won Lost");
        let kinds: Vec<_> = pipeline.stages.iter().map(|stage| stage.kind).collect();
        assert_eq!(kinds.first(), Some(&StageKind::Incoming));
        assert_eq!(kinds[4..], [StageKind::Won, StageKind::Lost]);
        assert!(kinds[..4].iter().all(|kind| !kind.is_final()));
    }

    #[test]
    fn a_working_stage_stays_among_the_working_ones() {
        let mut pipeline = pipeline();
        let a = pipeline.stages[1].id;
        pipeline.move_stage(a, 99).expect("moved");
        assert_eq!(order(&pipeline), "Incoming B C A Won Lost");
        pipeline.move_stage(a, 0).expect("moved");
        assert_eq!(order(&pipeline), "Incoming A B C Won Lost");
        pipeline.add_stage("D".to_owned()).expect("added");
        assert_eq!(order(&pipeline), "Incoming A B C D Won Lost");
        pipeline.remove_stage(a).expect("removed");
        assert_eq!(order(&pipeline), "Incoming B C D Won Lost");
    }

    #[test]
    fn the_fixed_stages_are_only_renamed() {
        let mut pipeline = pipeline();
        for place in [0, 4, 5] {
            let id = pipeline.stages[place].id;
            assert_eq!(pipeline.move_stage(id, 2), Err(Problem::Fixed));
            assert_eq!(pipeline.remove_stage(id), Err(Problem::Fixed));
            pipeline.rename_stage(id, "X".to_owned()).expect("renamed");
        }
        let unknown = StageId::generate();
        assert_eq!(pipeline.remove_stage(unknown), Err(Problem::Unknown));
    }
}
