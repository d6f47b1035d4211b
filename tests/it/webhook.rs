//! The webhook against a server that misbehaves: down, slow, garbage, refusing, taking a message twice.

use std::process::Command;
use std::sync::{Arc, Mutex};

use serde_json::Value;
use shuidaiyi::domain::notice::Notice;
use shuidaiyi::outbound::webhook_client::WebhookClient;
use shuidaiyi::service::notifications::{NotificationOptions, Webhook, deliver, notify_in_unit};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::support::{Backend, Site, both_backends};

both_backends!(a_notice_is_handed_on_whatever_the_webhook_does);

const KEY: &[u8] = b"0123456789abcdef0123456789abcdef";

/// How the server treats its next visitor.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Mood {
    Takes,
    Refuses,
    Garbage,
    Hangs,
    /// Takes the message, and hangs up before it says so.
    TakesSilently,
}

/// A message as it came: headers in lower case, and its body.
type Message = (String, String);

/// A server in these moods, one visitor after the other, and friendly from then on.
async fn server(moods: Vec<Mood>) -> (String, Arc<Mutex<Vec<Message>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/notices", listener.local_addr().unwrap());
    let messages: Arc<Mutex<Vec<Message>>> = Arc::default();
    let taken = messages.clone();
    tokio::spawn(async move {
        let mut moods = moods.into_iter();
        let mut open = Vec::new();
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mood = moods.next().unwrap_or(Mood::Takes);
            let message = read(&mut stream).await;
            match mood {
                Mood::Takes => {
                    taken.lock().unwrap().push(message);
                    answer(&mut stream, "HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n").await;
                }
                Mood::Refuses => {
                    answer(
                        &mut stream,
                        "HTTP/1.1 503 Busy\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
                    )
                    .await;
                }
                Mood::Garbage => answer(&mut stream, "\u{0}\u{1} 200 OK 200 OK\r\n\r\n").await,
                Mood::Hangs => open.push(stream),
                Mood::TakesSilently => taken.lock().unwrap().push(message),
            }
        }
    });
    (url, messages)
}

async fn answer(stream: &mut tokio::net::TcpStream, text: &str) {
    drop(stream.write_all(text.as_bytes()).await);
}

async fn read(stream: &mut tokio::net::TcpStream) -> Message {
    let mut bytes = Vec::new();
    loop {
        let mut some = [0_u8; 4096];
        let length = stream.read(&mut some).await.unwrap();
        bytes.extend_from_slice(&some[..length]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            assert!(length > 0, "the message ended early");
            continue;
        };
        let head = head.to_lowercase();
        let announced = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
        if body.len() >= announced.parse::<usize>().unwrap() {
            return (head, body.to_owned());
        }
    }
}

fn header<'a>(head: &'a str, name: &str) -> &'a str {
    head.lines().find_map(|line| line.strip_prefix(&format!("{name}: "))).unwrap()
}

fn webhook(site: &Site, url: &str, attempts_max: u32) -> Webhook {
    let key = site.dir().join("webhook.key");
    std::fs::write(&key, KEY).unwrap();
    let options = NotificationOptions {
        webhook_url: Some(url.to_owned()),
        webhook_key_file: Some(key),
        webhook_ca: None,
        attempts_max,
    };
    Webhook::new(&options).unwrap().unwrap()
}

async fn tell(site: &Site, taxpayer: &'static str, request: String) {
    let notice = Notice::Requested { request_id: request, bank: "bank-01".parse().unwrap() };
    let work = move |c: &mut _, now| {
        notify_in_unit(c, now, taxpayer, &notice)?;
        Ok(Ok(((), Vec::new())))
    };
    site.exchange().writer.unit(work).await.unwrap();
}

async fn a_notice_is_handed_on_whatever_the_webhook_does(backend: Backend) {
    let mut site = Site::start(backend);
    let (one, two) = ("91440300MA5EXAMP1X", "91440300MA5EXAMP2X");
    for request in ["a", "b", "c"] {
        tell(&site, one, request.into()).await;
        site.clock.advance_seconds(1);
    }
    // Down: nobody listens there.
    let down = webhook(&site, "http://127.0.0.1:1/", 12);
    deliver(site.exchange(), &down).await.unwrap();
    let moods = vec![Mood::Refuses, Mood::Garbage, Mood::Hangs, Mood::TakesSilently];
    let (url, messages) = server(moods).await;
    let hook = webhook(&site, &url, 12);
    for _turn in 0..14 {
        site.clock.advance_seconds(600);
        deliver(site.exchange(), &hook).await.unwrap();
        if messages.lock().unwrap().len() == 4 {
            break;
        }
    }
    let seen = messages.lock().unwrap().clone();
    let ids: Vec<&str> = seen.iter().map(|(head, _)| header(head, "idempotency-key")).collect();
    assert_eq!(ids.len(), 4, "three notices, the first of them twice: {ids:?}");
    assert!(ids[0] == ids[1] && ids[1] < ids[2] && ids[2] < ids[3], "in their order: {ids:?}");
    let signer = WebhookClient::new(&url, None, KEY).unwrap();
    for (head, body) in &seen {
        let signature = header(head, "x-shuidaiyi-signature");
        let (at, code) = signature.strip_prefix("t=").unwrap().split_once(",v1=").unwrap();
        assert_eq!(code, signer.code(&format!("{at}.{body}")));
        let said: Value = serde_json::from_str(body).unwrap();
        assert_eq!(said["template"], "requested");
        assert_eq!(said["phone_ref"], hook.phone_ref(one).as_str());
        assert!(!body.contains(one) && !body.contains("bank"), "{body}");
        assert_eq!(said.as_object().unwrap().len(), 4);
    }
    // Nothing is left, and nothing is sent again.
    site.clock.advance_seconds(600);
    deliver(site.exchange(), &hook).await.unwrap();
    assert_eq!(messages.lock().unwrap().len(), 4);

    // Refused too often it is parked, and the firm's next notice goes on; resumed on the command line it goes too.
    tell(&site, two, "p".into()).await;
    let (url, messages) = server(vec![Mood::Refuses, Mood::Refuses]).await;
    let hook = webhook(&site, &url, 2);
    for _turn in 0..3 {
        deliver(site.exchange(), &hook).await.unwrap();
        site.clock.advance_seconds(600);
    }
    assert!(messages.lock().unwrap().is_empty(), "parked after two attempts");
    tell(&site, two, "q".into()).await;
    deliver(site.exchange(), &hook).await.unwrap();
    assert_eq!(messages.lock().unwrap().len(), 1);
    site.stop();
    let config = site.dir().join("shuidaiyi.toml");
    for (action, said) in
        [("list", "status 503"), ("resume", "1 notices wait"), ("list", "no notice is parked")]
    {
        let output = Command::new(env!("CARGO_BIN_EXE_shuidaiyi"))
            .args(["notification", action, "--config", config.to_str().unwrap()])
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success() && text.contains(said), "{action}: {text}");
    }
    site.restart();
    site.clock.advance_seconds(60);
    deliver(site.exchange(), &hook).await.unwrap();
    assert_eq!(messages.lock().unwrap().len(), 2);
    // After a day without a webhook nobody is woken over old news.
    tell(&site, two, "r".into()).await;
    site.clock.advance_seconds(25 * 3600);
    deliver(site.exchange(), &hook).await.unwrap();
    assert_eq!(messages.lock().unwrap().len(), 2);
}
