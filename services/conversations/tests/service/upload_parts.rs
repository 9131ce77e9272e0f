//! Files of clients that come part by part, over connections that break.

use std::time::{Duration, SystemTime};

use api::connector::v1::{UploadMediaHeader, UploadMediaPartRequest, UploadMediaPartResponse};
use api::conversations::v1::{AttachmentKind, Connection};
use tonic::Status;
use types::file::PART_SIZE;
use uuid::Uuid;

use crate::attachments::{download, header, media, rich, whole};
use crate::world::{World, refusal, with};

const KEY: Uuid = Uuid::from_u128(0x018f_0000_0000_7000_8000_0000_0000_00aa);

/// A text of two whole parts and a bit.
fn text() -> Vec<u8> {
    let line = b"All the letters that a long file needs.\n";
    line.iter()
        .copied()
        .cycle()
        .take(2 * PART_SIZE + 7)
        .collect()
}

fn part(header: UploadMediaHeader, bytes: &[u8], offset: usize) -> UploadMediaPartRequest {
    let end = (offset + PART_SIZE).min(bytes.len());
    UploadMediaPartRequest {
        header: Some(header),
        upload_id: KEY.to_string(),
        size: bytes.len() as i64,
        offset: offset as i64,
        chunk: bytes[offset..end].to_vec(),
    }
}

/// Where to go on.
fn ask(header: UploadMediaHeader, bytes: &[u8]) -> UploadMediaPartRequest {
    UploadMediaPartRequest {
        chunk: Vec::new(),
        ..part(header, bytes, 0)
    }
}

async fn bring(
    world: &World,
    request: UploadMediaPartRequest,
) -> Result<UploadMediaPartResponse, Status> {
    let reply = world
        .hub()
        .upload_media_part(with(&world.connector, request))
        .await;
    Ok(reply?.into_inner())
}

async fn next(world: &World, request: UploadMediaPartRequest) -> i64 {
    bring(world, request).await.expect("taken").next_offset
}

fn parts_on_disk(world: &World) -> Vec<std::path::PathBuf> {
    let Ok(accounts) = std::fs::read_dir(world.files().join("parts")) else {
        return Vec::new();
    };
    let folders = accounts.map(|it| it.expect("readable").path());
    folders
        .flat_map(|folder| std::fs::read_dir(folder).expect("readable"))
        .map(|it| it.expect("readable").path())
        .collect()
}

/// CHW-26: whatever is lost or repeated on the way, the file is there once and whole, and so is its message.
#[tokio::test]
async fn a_file_in_parts_is_taken_in_once_however_often_its_parts_come() {
    let world = World::start().await;
    let connection = world.connection().await;
    let (bytes, header) = (text(), header(&connection, "anna"));
    let at = |offset| part(header.clone(), &bytes, offset);
    assert_eq!(next(&world, ask(header.clone(), &bytes)).await, 0);
    let first = PART_SIZE as i64;
    for _ in 0..2 {
        assert_eq!(next(&world, at(0)).await, first);
    }
    assert_eq!(next(&world, ask(header.clone(), &bytes)).await, first);
    // One was skipped: the last one finds that out.
    assert_eq!(next(&world, at(2 * PART_SIZE)).await, first);
    assert_eq!(next(&world, at(PART_SIZE)).await, 2 * first);
    let done = bring(&world, at(2 * PART_SIZE)).await.expect("taken");
    let file = done.attachment.expect("the file");
    assert_eq!(
        (done.next_offset, file.size, &file.media_type[..]),
        (bytes.len() as i64, bytes.len() as i64, "text/plain")
    );
    assert_eq!(parts_on_disk(&world), [""; 0].map(std::path::PathBuf::from));

    // The answers were lost.
    for again in [at(2 * PART_SIZE), at(0), ask(header.clone(), &bytes)] {
        let again = bring(&world, again).await.expect("taken");
        assert_eq!(again.attachment.as_ref(), Some(&file));
    }
    let message = media(api::connector::v1::incoming_media::Source::AttachmentId(
        file.id.clone(),
    ));
    let event = rich(&world, &connection, "anna", message);
    let published = world.publish(vec![event]).await.expect("published");
    let sent = world.messages(&published[0].conversation_id).await;
    assert_eq!(sent[0].attachments, std::slice::from_ref(&file));
    let (_, read) = download(&world, &world.admin, whole(&file.id))
        .await
        .expect("read");
    assert!(read == bytes, "the employee has it byte for byte");
    let after = bring(&world, at(2 * PART_SIZE)).await.expect("taken");
    assert_eq!(
        after.attachment,
        Some(file),
        "also when it was sent long ago"
    );
}

/// Two calls with the last part at once, as after a timeout on the way.
#[tokio::test]
async fn the_last_part_twice_at_once_makes_one_file() {
    let world = World::start().await;
    let connection = world.connection().await;
    let bytes = b"short".to_vec();
    let at = || part(header(&connection, "anna"), &bytes, 0);
    let calls = [bring(&world, at()), bring(&world, at())];
    let files = futures::future::join_all(calls).await;
    let files: Vec<_> = files
        .into_iter()
        .map(|it| it.expect("taken").attachment)
        .collect();
    assert!(files[0].is_some());
    assert_eq!(files[0], files[1]);
}

#[tokio::test]
async fn a_key_means_nothing_in_another_chat() {
    let world = World::start().await;
    let connection = world.connection().await;
    let bytes = b"for anna".to_vec();
    let mine = bring(&world, part(header(&connection, "anna"), &bytes, 0)).await;
    let mine = mine.expect("taken").attachment.expect("the file");
    let asked = bring(&world, ask(header(&connection, "boris"), &bytes)).await;
    assert_eq!(asked.expect("answered"), UploadMediaPartResponse::default());
    let theirs = bring(&world, part(header(&connection, "boris"), b"for boris", 0)).await;
    let theirs = theirs.expect("taken").attachment.expect("the file");
    assert_ne!(mine.id, theirs.id);
}

#[tokio::test]
async fn what_is_not_taken_in_one_piece_is_not_taken_in_parts() {
    let world = World::start().await;
    let connection: Connection = world.connection().await;
    let (bytes, header) = (text(), header(&connection, "anna"));
    let program = UploadMediaHeader {
        file_name: "setup.exe".to_owned(),
        ..header.clone()
    };
    let refused = bring(&world, part(program, &bytes, 0)).await;
    insta::assert_snapshot!(refusal(refused), @"InvalidArgument FILE_TYPE_NOT_ALLOWED {media_type=text/plain}");
    let large = UploadMediaPartRequest {
        size: (100 << 20) + 1,
        ..part(header.clone(), &bytes, 0)
    };
    insta::assert_snapshot!(refusal(bring(&world, large).await), @"ResourceExhausted FILE_TOO_LARGE {limit=104857600}");
    let wrong = |change: fn(&mut UploadMediaPartRequest)| {
        let mut request = part(header.clone(), &bytes, 0);
        change(&mut request);
        bring(&world, request)
    };
    insta::assert_snapshot!(refusal(wrong(|it| it.offset = 5).await), @"InvalidArgument FIELD_INVALID {offset: must be a multiple of 131072 within the file}");
    insta::assert_snapshot!(refusal(wrong(|it| it.chunk.truncate(9)).await), @"InvalidArgument FIELD_INVALID {chunk: must be 131072 bytes here}");
    insta::assert_snapshot!(refusal(wrong(|it| { it.size = 0; it.upload_id = "x".to_owned(); }).await), @"InvalidArgument FIELD_INVALID {size: must be 1 or more; upload_id: is not a UUID}");
    assert!(parts_on_disk(&world).is_empty());
    let voice = UploadMediaHeader {
        kind: AttachmentKind::Voice.into(),
        duration_ms: 1_500,
        ..header
    };
    let kept = bring(&world, part(voice, b"no sound", 0)).await;
    let kept = kept.expect("taken").attachment.expect("the file");
    assert_eq!(kept.kind(), AttachmentKind::Document, "the contents decide");
}

#[tokio::test]
async fn parts_that_were_given_up_are_deleted_after_a_day() {
    let world = World::start().await;
    let connection = world.connection().await;
    let bytes = text();
    next(&world, part(header(&connection, "anna"), &bytes, 0)).await;
    let parts = parts_on_disk(&world);
    assert_eq!(parts.len(), 1);
    let old = std::fs::File::options().write(true).open(&parts[0]);
    let old = old.expect("open");
    old.set_modified(SystemTime::UNIX_EPOCH).expect("made old");
    let gone = async || {
        world.clock.advance(Duration::from_secs(600));
        parts_on_disk(&world).is_empty().then_some(())
    };
    testkit::wait_for("they are deleted", gone).await;
}
