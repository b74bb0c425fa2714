//! A small HTTP server that misbehaves on demand.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What the server does with a request.
#[derive(Clone, Debug)]
pub enum Answer {
    /// Sends all of it.
    Whole(Vec<u8>),
    /// Says that it sends all of it, and closes the connection after so many bytes.
    Cut(Vec<u8>, usize),
    /// Says that it sends all of it, and stands still after so many bytes.
    Stall(Vec<u8>, usize),
    /// Takes the request and never answers.
    Silent,
    /// Sends the client elsewhere.
    Redirect(String),
}

/// The server; it serves until the process ends.
pub struct Server {
    /// `http://127.0.0.1:<port>`.
    pub url: String,
    requests: Arc<AtomicUsize>,
}

impl Server {
    /// Serves these paths and answers 404 for all others.
    pub fn start(answers: impl IntoIterator<Item = (String, Answer)>) -> Self {
        let answers: Arc<HashMap<String, Answer>> = Arc::new(answers.into_iter().collect());
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&requests);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (answers, counter) = (Arc::clone(&answers), Arc::clone(&counter));
                std::thread::spawn(move || {
                    counter.fetch_add(1, Ordering::SeqCst);
                    // A client that gave up has closed the connection: nothing to report.
                    let _ = serve(stream, &answers);
                });
            }
        });
        Self { url, requests }
    }

    /// Connections so far.
    pub fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }
}

fn serve(mut stream: TcpStream, answers: &HashMap<String, Answer>) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
    while line.trim() != "" {
        line.clear();
        reader.read_line(&mut line)?;
    }
    let head = |status: &str, length: usize| {
        format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n").into_bytes()
    };
    match answers.get(&path) {
        None => stream.write_all(&head("404 Not Found", 0)),
        Some(Answer::Whole(body)) => {
            stream.write_all(&head("200 OK", body.len()))?;
            stream.write_all(body)
        }
        Some(Answer::Cut(body, after)) => {
            stream.write_all(&head("200 OK", body.len()))?;
            stream.write_all(&body[..*after])
        }
        Some(Answer::Stall(body, after)) => {
            stream.write_all(&head("200 OK", body.len()))?;
            stream.write_all(&body[..*after])?;
            // Until the client closes the connection.
            reader.read_line(&mut line).map(drop)
        }
        Some(Answer::Silent) => reader.read_line(&mut line).map(drop),
        Some(Answer::Redirect(to)) => stream.write_all(
            format!("HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                .as_bytes(),
        ),
    }
}
