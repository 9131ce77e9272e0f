//! The cases of crm.

use api::crm::v1 as crm;
use api::error::v1::ErrorReason as R;

use super::{Cases, Door, Theirs, add};

/// Those of cards, pipelines and timelines.
pub(super) fn crm_cases(theirs: &Theirs, cases: &mut Cases) {
    contact_cases(theirs, cases);
    company_cases(theirs, cases);
    deal_cases(theirs, cases);
    customer_cases(theirs, cases);
    pipeline_cases(theirs, cases);
    tag_cases(theirs, cases);
    field_cases(theirs, cases);
    task_cases(theirs, cases);
    unsorted_cases(theirs, cases);
    add(
        cases,
        "/beseda.crm.v1.TimelineService/ListTimelineEntries",
        Door::Everybody,
        &crm::ListTimelineEntriesRequest {
            card_id: theirs.cards.deal.id.clone(),
            ..Default::default()
        },
        R::DealNotFound,
        R::FieldInvalid,
    );
}

fn contact_cases(theirs: &Theirs, cases: &mut Cases) {
    let id = theirs.cards.contact.id.clone();
    let card = || crm::Contact {
        name: "Имя".into(),
        company_id: theirs.cards.company.id.clone(),
        ..Default::default()
    };
    add(
        cases,
        "/beseda.crm.v1.ContactService/CreateContact",
        Door::Everybody,
        &crm::CreateContactRequest {
            contact: Some(card()),
            ..Default::default()
        },
        R::CompanyNotFound,
        R::FieldInvalid,
    );
    add(
        cases,
        "/beseda.crm.v1.ContactService/GetContact",
        Door::Everybody,
        &crm::GetContactRequest {
            contact_id: id.clone(),
        },
        R::ContactNotFound,
        R::FieldInvalid,
    );
    add(
        cases,
        "/beseda.crm.v1.ContactService/BatchGetContacts",
        Door::Everybody,
        &crm::BatchGetContactsRequest {
            contact_ids: vec![id.clone()],
        },
        None,
        R::FieldInvalid,
    );
    add(
        cases,
        "/beseda.crm.v1.ContactService/ListContacts",
        Door::Everybody,
        &crm::ListContactsRequest {
            company_id: theirs.cards.company.id.clone(),
            ..Default::default()
        },
        None,
        None,
    );
    add(
        cases,
        "/beseda.crm.v1.ContactService/UpdateContact",
        Door::Everybody,
        &crm::UpdateContactRequest {
            contact: Some(crm::Contact {
                id: id.clone(),
                name: "Моё".into(),
                ..Default::default()
            }),
            ..Default::default()
        },
        R::ContactNotFound,
        R::FieldInvalid,
    );
    add(
        cases,
        "/beseda.crm.v1.ContactService/DeleteContact",
        Door::Everybody,
        &crm::DeleteContactRequest {
            contact_id: id.clone(),
            ..Default::default()
        },
        R::ContactNotFound,
        R::FieldInvalid,
    );
    add(
        cases,
        "/beseda.crm.v1.ContactService/AddContactFollower",
        Door::Everybody,
        &crm::AddContactFollowerRequest {
            contact_id: id.clone(),
            ..Default::default()
        },
        R::ContactNotFound,
        R::FieldInvalid,
    );
    add(
        cases,
        "/beseda.crm.v1.ContactService/RemoveContactFollower",
        Door::Everybody,
        &crm::RemoveContactFollowerRequest {
            contact_id: id,
            ..Default::default()
        },
        R::ContactNotFound,
        R::FieldInvalid,
    );
}

fn company_cases(theirs: &Theirs, cases: &mut Cases) {
    let id = theirs.cards.company.id.clone();
    let card = || crm::Company {
        name: "Имя".into(),
        responsible_user_id: theirs.admin.user().id.clone(),
        ..Default::default()
    };
    add(
        cases,
        "/beseda.crm.v1.CompanyService/CreateCompany",
        Door::Everybody,
        &crm::CreateCompanyRequest {
            company: Some(card()),
            ..Default::default()
        },
        R::UserNotFound,
        R::FieldInvalid,
    );
    add(
        cases,
        "/beseda.crm.v1.CompanyService/GetCompany",
        Door::Everybody,
        &crm::GetCompanyRequest {
            company_id: id.clone(),
        },
        R::CompanyNotFound,
        R::FieldInvalid,
    );
    add(
        cases,
        "/beseda.crm.v1.CompanyService/BatchGetCompanies",
        Door::Everybody,
        &crm::BatchGetCompaniesRequest {
            company_ids: vec![id.clone()],
        },
        None,
        R::FieldInvalid,
    );
    add(
        cases,
        "/beseda.crm.v1.CompanyService/ListCompanies",
        Door::Everybody,
        &crm::ListCompaniesRequest {
            responsible_user_id: theirs.admin.user().id.clone(),
            ..Default::default()
        },
        None,
        None,
    );
    add(
        cases,
        "/beseda.crm.v1.CompanyService/UpdateCompany",
        Door::Everybody,
        &crm::UpdateCompanyRequest {
            company: Some(crm::Company {
                id: id.clone(),
                name: "Моё".into(),
                ..Default::default()
            }),
            ..Default::default()
        },
        R::CompanyNotFound,
        R::FieldInvalid,
    );
    add(
        cases,
        "/beseda.crm.v1.CompanyService/DeleteCompany",
        Door::Everybody,
        &crm::DeleteCompanyRequest {
            company_id: id.clone(),
            ..Default::default()
        },
        R::CompanyNotFound,
        R::FieldInvalid,
    );
    add(
        cases,
        "/beseda.crm.v1.CompanyService/AddCompanyFollower",
        Door::Everybody,
        &crm::AddCompanyFollowerRequest {
            company_id: id.clone(),
            ..Default::default()
        },
        R::CompanyNotFound,
        R::FieldInvalid,
    );
    add(
        cases,
        "/beseda.crm.v1.CompanyService/RemoveCompanyFollower",
        Door::Everybody,
        &crm::RemoveCompanyFollowerRequest {
            company_id: id,
            ..Default::default()
        },
        R::CompanyNotFound,
        R::FieldInvalid,
    );
}

fn deal_cases(theirs: &Theirs, cases: &mut Cases) {
    let id = theirs.cards.deal.id.clone();
    let card = || crm::Deal {
        name: "Имя".into(),
        stage_id: theirs.cards.deal.stage_id.clone(),
        ..Default::default()
    };
    add(
        cases,
        "/beseda.crm.v1.DealService/CreateDeal",
        Door::Everybody,
        &crm::CreateDealRequest {
            deal: Some(card()),
            ..Default::default()
        },
        R::StageNotFound,
        R::FieldInvalid,
    );
    add(
        cases,
        "/beseda.crm.v1.DealService/GetDeal",
        Door::Everybody,
        &crm::GetDealRequest {
            deal_id: id.clone(),
        },
        R::DealNotFound,
        R::FieldInvalid,
    );
    add(
        cases,
        "/beseda.crm.v1.DealService/BatchGetDeals",
        Door::Everybody,
        &crm::BatchGetDealsRequest {
            deal_ids: vec![id.clone()],
        },
        None,
        R::FieldInvalid,
    );
    add(
        cases,
        "/beseda.crm.v1.DealService/ListDeals",
        Door::Everybody,
        &crm::ListDealsRequest {
            contact_id: theirs.cards.contact.id.clone(),
            ..Default::default()
        },
        None,
        None,
    );
    add(
        cases,
        "/beseda.crm.v1.DealService/UpdateDeal",
        Door::Everybody,
        &crm::UpdateDealRequest {
            deal: Some(crm::Deal {
                id: id.clone(),
                name: "Моё".into(),
                ..Default::default()
            }),
            ..Default::default()
        },
        R::DealNotFound,
        R::FieldInvalid,
    );
    add(
        cases,
        "/beseda.crm.v1.DealService/DeleteDeal",
        Door::Everybody,
        &crm::DeleteDealRequest {
            deal_id: id.clone(),
            ..Default::default()
        },
        R::DealNotFound,
        R::FieldInvalid,
    );
    add(
        cases,
        "/beseda.crm.v1.DealService/AddDealFollower",
        Door::Everybody,
        &crm::AddDealFollowerRequest {
            deal_id: id.clone(),
            ..Default::default()
        },
        R::DealNotFound,
        R::FieldInvalid,
    );
    add(
        cases,
        "/beseda.crm.v1.DealService/RemoveDealFollower",
        Door::Everybody,
        &crm::RemoveDealFollowerRequest {
            deal_id: id,
            ..Default::default()
        },
        R::DealNotFound,
        R::FieldInvalid,
    );
}

fn customer_cases(theirs: &Theirs, cases: &mut Cases) {
    let id = theirs.cards.customer.id.clone();
    let card = || crm::Customer {
        name: "Имя".into(),
        main_contact_id: theirs.cards.contact.id.clone(),
        ..Default::default()
    };
    add(
        cases,
        "/beseda.crm.v1.CustomerService/CreateCustomer",
        Door::Everybody,
        &crm::CreateCustomerRequest {
            customer: Some(card()),
            ..Default::default()
        },
        R::ContactNotFound,
        R::FieldInvalid,
    );
    add(
        cases,
        "/beseda.crm.v1.CustomerService/GetCustomer",
        Door::Everybody,
        &crm::GetCustomerRequest {
            customer_id: id.clone(),
        },
        R::CustomerNotFound,
        R::FieldInvalid,
    );
    add(
        cases,
        "/beseda.crm.v1.CustomerService/BatchGetCustomers",
        Door::Everybody,
        &crm::BatchGetCustomersRequest {
            customer_ids: vec![id.clone()],
        },
        None,
        R::FieldInvalid,
    );
    add(
        cases,
        "/beseda.crm.v1.CustomerService/ListCustomers",
        Door::Everybody,
        &crm::ListCustomersRequest {
            contact_id: theirs.cards.contact.id.clone(),
            ..Default::default()
        },
        None,
        None,
    );
    add(
        cases,
        "/beseda.crm.v1.CustomerService/UpdateCustomer",
        Door::Everybody,
        &crm::UpdateCustomerRequest {
            customer: Some(crm::Customer {
                id: id.clone(),
                name: "Моё".into(),
                ..Default::default()
            }),
            ..Default::default()
        },
        R::CustomerNotFound,
        R::FieldInvalid,
    );
    add(
        cases,
        "/beseda.crm.v1.CustomerService/DeleteCustomer",
        Door::Everybody,
        &crm::DeleteCustomerRequest {
            customer_id: id.clone(),
            ..Default::default()
        },
        R::CustomerNotFound,
        R::FieldInvalid,
    );
    add(
        cases,
        "/beseda.crm.v1.CustomerService/AddCustomerFollower",
        Door::Everybody,
        &crm::AddCustomerFollowerRequest {
            customer_id: id.clone(),
            ..Default::default()
        },
        R::CustomerNotFound,
        R::FieldInvalid,
    );
    add(
        cases,
        "/beseda.crm.v1.CustomerService/RemoveCustomerFollower",
        Door::Everybody,
        &crm::RemoveCustomerFollowerRequest {
            customer_id: id,
            ..Default::default()
        },
        R::CustomerNotFound,
        R::FieldInvalid,
    );
}

fn pipeline_cases(theirs: &Theirs, cases: &mut Cases) {
    let (id, stage_id) = (
        theirs.cards.pipeline.id.clone(),
        theirs.cards.deal.stage_id.clone(),
    );
    let stage = || crm::Stage {
        id: stage_id.clone(),
        name: "Этап".into(),
        ..Default::default()
    };
    add(
        cases,
        "/beseda.crm.v1.PipelineService/CreatePipeline",
        Door::Administrators,
        &crm::CreatePipelineRequest {
            request_id: "none".into(),
            ..Default::default()
        },
        R::FieldInvalid,
        R::FieldInvalid,
    );
    add(
        cases,
        "/beseda.crm.v1.PipelineService/GetPipeline",
        Door::Everybody,
        &crm::GetPipelineRequest {
            pipeline_id: id.clone(),
        },
        R::PipelineNotFound,
        R::FieldInvalid,
    );
    add(
        cases,
        "/beseda.crm.v1.PipelineService/ListPipelines",
        Door::Everybody,
        &crm::ListPipelinesRequest {
            page_token: "bm9uc2Vuc2U".into(),
            ..Default::default()
        },
        R::PageTokenMismatch,
        None,
    );
    add(
        cases,
        "/beseda.crm.v1.PipelineService/UpdatePipeline",
        Door::Administrators,
        &crm::UpdatePipelineRequest {
            pipeline: Some(crm::Pipeline {
                id: id.clone(),
                name: "Моя".into(),
                ..Default::default()
            }),
            ..Default::default()
        },
        R::PipelineNotFound,
        R::FieldInvalid,
    );
    add(
        cases,
        "/beseda.crm.v1.PipelineService/DeletePipeline",
        Door::Administrators,
        &crm::DeletePipelineRequest {
            pipeline_id: id.clone(),
        },
        R::PipelineNotFound,
        R::FieldInvalid,
    );
    add(
        cases,
        "/beseda.crm.v1.PipelineService/CreateStage",
        Door::Administrators,
        &crm::CreateStageRequest {
            pipeline_id: id,
            stage: Some(stage()),
            ..Default::default()
        },
        R::PipelineNotFound,
        R::FieldInvalid,
    );
    add(
        cases,
        "/beseda.crm.v1.PipelineService/UpdateStage",
        Door::Administrators,
        &crm::UpdateStageRequest {
            stage: Some(stage()),
            ..Default::default()
        },
        R::StageNotFound,
        R::FieldInvalid,
    );
    add(
        cases,
        "/beseda.crm.v1.PipelineService/DeleteStage",
        Door::Administrators,
        &crm::DeleteStageRequest {
            stage_id: stage_id.clone(),
        },
        R::StageNotFound,
        R::FieldInvalid,
    );
}

fn tag_cases(theirs: &Theirs, cases: &mut Cases) {
    let id = theirs.cards.tag.id.clone();
    add(
        cases,
        "/beseda.crm.v1.TagService/CreateTag",
        Door::Everybody,
        &crm::CreateTagRequest {
            request_id: "none".into(),
            ..Default::default()
        },
        R::FieldInvalid,
        R::FieldInvalid,
    );
    add(
        cases,
        "/beseda.crm.v1.TagService/ListTags",
        Door::Everybody,
        &crm::ListTagsRequest {
            page_token: "bm9uc2Vuc2U".into(),
            ..Default::default()
        },
        R::PageTokenMismatch,
        None,
    );
    add(
        cases,
        "/beseda.crm.v1.TagService/UpdateTag",
        Door::Administrators,
        &crm::UpdateTagRequest {
            tag: Some(crm::Tag {
                id: id.clone(),
                name: "Мой".into(),
                ..Default::default()
            }),
            ..Default::default()
        },
        R::TagNotFound,
        R::FieldInvalid,
    );
    add(
        cases,
        "/beseda.crm.v1.TagService/DeleteTag",
        Door::Administrators,
        &crm::DeleteTagRequest { tag_id: id },
        R::TagNotFound,
        R::FieldInvalid,
    );
}

fn field_cases(theirs: &Theirs, cases: &mut Cases) {
    let id = theirs.cards.field.id.clone();
    add(
        cases,
        "/beseda.crm.v1.FieldService/CreateField",
        Door::Administrators,
        &crm::CreateFieldRequest {
            request_id: "none".into(),
            ..Default::default()
        },
        R::FieldInvalid,
        R::FieldInvalid,
    );
    add(
        cases,
        "/beseda.crm.v1.FieldService/ListFields",
        Door::Everybody,
        &crm::ListFieldsRequest {
            page_token: "bm9uc2Vuc2U".into(),
            ..Default::default()
        },
        R::PageTokenMismatch,
        None,
    );
    add(
        cases,
        "/beseda.crm.v1.FieldService/UpdateField",
        Door::Administrators,
        &crm::UpdateFieldRequest {
            field: Some(crm::Field {
                id: id.clone(),
                name: "Моё".into(),
                ..Default::default()
            }),
            ..Default::default()
        },
        R::CustomFieldNotFound,
        R::FieldInvalid,
    );
    add(
        cases,
        "/beseda.crm.v1.FieldService/DeleteField",
        Door::Administrators,
        &crm::DeleteFieldRequest { field_id: id },
        R::CustomFieldNotFound,
        R::FieldInvalid,
    );
}

fn task_cases(theirs: &Theirs, cases: &mut Cases) {
    let id = theirs.cards.task.id.clone();
    add(
        cases,
        "/beseda.crm.v1.TaskService/CreateTask",
        Door::Everybody,
        &crm::CreateTaskRequest {
            task: Some(crm::Task {
                text: "Звонок".into(),
                due_time: Some(prost_types::Timestamp::default()),
                card_id: theirs.cards.deal.id.clone(),
                ..Default::default()
            }),
            ..Default::default()
        },
        R::DealNotFound,
        R::FieldInvalid,
    );
    add(
        cases,
        "/beseda.crm.v1.TaskService/GetTask",
        Door::Everybody,
        &crm::GetTaskRequest {
            task_id: id.clone(),
        },
        R::TaskNotFound,
        R::FieldInvalid,
    );
    add(
        cases,
        "/beseda.crm.v1.TaskService/ListTasks",
        Door::Everybody,
        &crm::ListTasksRequest {
            card_id: theirs.cards.deal.id.clone(),
            ..Default::default()
        },
        None,
        None,
    );
    add(
        cases,
        "/beseda.crm.v1.TaskService/UpdateTask",
        Door::Everybody,
        &crm::UpdateTaskRequest {
            task: Some(crm::Task {
                id: id.clone(),
                text: "Моё".into(),
                ..Default::default()
            }),
            ..Default::default()
        },
        R::TaskNotFound,
        R::FieldInvalid,
    );
    add(
        cases,
        "/beseda.crm.v1.TaskService/CompleteTask",
        Door::Everybody,
        &crm::CompleteTaskRequest {
            task_id: id.clone(),
            ..Default::default()
        },
        R::TaskNotFound,
        R::FieldInvalid,
    );
    add(
        cases,
        "/beseda.crm.v1.TaskService/DeleteTask",
        Door::Everybody,
        &crm::DeleteTaskRequest { task_id: id },
        R::TaskNotFound,
        R::FieldInvalid,
    );
}

fn unsorted_cases(theirs: &Theirs, cases: &mut Cases) {
    let id = theirs.cards.record.id.clone();
    add(
        cases,
        "/beseda.crm.v1.UnsortedService/CreateUnsortedRecord",
        Door::Everybody,
        &crm::CreateUnsortedRecordRequest {
            record: Some(crm::UnsortedRecord {
                title: "Запрос".into(),
                source_key: "site".into(),
                pipeline_id: theirs.cards.pipeline.id.clone(),
                ..Default::default()
            }),
            ..Default::default()
        },
        R::PipelineNotFound,
        R::FieldInvalid,
    );
    add(
        cases,
        "/beseda.crm.v1.UnsortedService/GetUnsortedRecord",
        Door::Everybody,
        &crm::GetUnsortedRecordRequest {
            record_id: id.clone(),
        },
        R::UnsortedNotFound,
        R::FieldInvalid,
    );
    add(
        cases,
        "/beseda.crm.v1.UnsortedService/ListUnsortedRecords",
        Door::Everybody,
        &crm::ListUnsortedRecordsRequest {
            page_token: "bm9uc2Vuc2U".into(),
            ..Default::default()
        },
        R::PageTokenMismatch,
        None,
    );
    add(
        cases,
        "/beseda.crm.v1.UnsortedService/AcceptUnsortedRecord",
        Door::Everybody,
        &crm::AcceptUnsortedRecordRequest {
            record_id: id.clone(),
            ..Default::default()
        },
        R::UnsortedNotFound,
        R::FieldInvalid,
    );
    add(
        cases,
        "/beseda.crm.v1.UnsortedService/LinkUnsortedRecord",
        Door::Everybody,
        &crm::LinkUnsortedRecordRequest {
            record_id: id.clone(),
            deal_id: theirs.cards.deal.id.clone(),
        },
        R::UnsortedNotFound,
        R::FieldInvalid,
    );
    add(
        cases,
        "/beseda.crm.v1.UnsortedService/DeclineUnsortedRecord",
        Door::Everybody,
        &crm::DeclineUnsortedRecordRequest { record_id: id },
        R::UnsortedNotFound,
        R::FieldInvalid,
    );
}
