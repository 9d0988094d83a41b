// SPDX-License-Identifier: BSD-2-Clause
// server.rs - HTTP by nothing but Rust's standard library, port 8000: files,
// an echo; a thread for each connection.
use std::io::{BufRead, BufReader, Read, Result, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;
use std::{fs, thread};

struct Request {
    path: String,
    body: Vec<u8>,
    close: bool,
}

fn receive(input: &mut BufReader<TcpStream>) -> Result<Option<Request>> {
    let mut line = String::new();
    if input.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let path = line.split(' ').nth(1).unwrap_or("/").to_string();
    let (mut len, mut close) = (0, false);
    loop {
        line.clear();
        if input.read_line(&mut line)? <= 2 {
            break;
        }
        let lower = line.trim().to_ascii_lowercase();
        if let Some(n) = lower.strip_prefix("content-length: ") {
            len = n.parse().unwrap_or(0);
        }
        close |= lower == "connection: close";
    }
    let mut body = vec![0; len];
    input.read_exact(&mut body)?;
    Ok(Some(Request { path, body, close }))
}

fn answer(request: &Request) -> (&'static str, Vec<u8>) {
    match request.path.as_str() {
        "/echo" => ("200 OK", request.body.clone()),
        "/slow" => {
            thread::sleep(Duration::from_millis(200));
            ("200 OK", b"slow\n".to_vec())
        }
        path => {
            let name = if path == "/" { "/index.html" } else { path };
            match fs::read(format!("/srv/www{}", name)) {
                Ok(data) => ("200 OK", data),
                Err(_) => ("404 Not Found", b"none\n".to_vec()),
            }
        }
    }
}

fn serve(stream: TcpStream) -> Result<()> {
    let mut output = stream.try_clone()?;
    let mut input = BufReader::new(stream);
    while let Some(request) = receive(&mut input)? {
        let (status, body) = answer(&request);
        let head = format!("HTTP/1.1 {}\r\nContent-Length: {}\r\n\r\n",
                           status, body.len());
        output.write_all(&[head.as_bytes(), &body].concat())?;
        if request.close {
            break;
        }
    }
    Ok(())
}

fn main() -> Result<()> {
    for stream in TcpListener::bind("[::]:8000")?.incoming() {
        let stream = stream?;
        thread::spawn(move || serve(stream));
    }
    Ok(())
}
