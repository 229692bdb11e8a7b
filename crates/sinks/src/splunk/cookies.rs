//! Cookies, as far as sticky sessions need them: they go back to the host that set them, for as long as one parcel's
//! delivery takes.

use hyper::HeaderMap;
use hyper::header::{HeaderValue, SET_COOKIE};

/// Most cookies, and most bytes of each.
const COOKIES_MAX: usize = 10;
const COOKIE_BYTES_MAX: usize = 4096;

#[derive(Default)]
pub(super) struct Cookies(Vec<(String, String)>);

impl Cookies {
    /// Takes over what an answer sets.
    pub fn learn(&mut self, headers: &HeaderMap) {
        for value in headers.get_all(SET_COOKIE) {
            let pair = value.to_str().ok().and_then(|text| text.split(';').next());
            let Some((name, value)) = pair.and_then(|pair| pair.split_once('=')) else { continue };
            let (name, value) = (name.trim(), value.trim());
            if name.is_empty() || name.len() + value.len() > COOKIE_BYTES_MAX {
                continue;
            }
            self.0.retain(|(known, _)| known != name);
            if self.0.len() < COOKIES_MAX {
                self.0.push((name.to_owned(), value.to_owned()));
            }
        }
    }

    /// What goes into the next request.
    pub fn header(&self) -> Option<HeaderValue> {
        if self.0.is_empty() {
            return None;
        }
        let pairs: Vec<String> =
            self.0.iter().map(|(name, value)| format!("{name}={value}")).collect();
        HeaderValue::from_str(&pairs.join("; ")).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cookies_are_replaced_by_name_and_bounded() {
        let mut cookies = Cookies::default();
        assert_eq!(cookies.header(), None);
        let mut headers = HeaderMap::new();
        for text in ["A=1; Path=/; Secure", "B=x=y", "A=2", "nonsense", "=3"] {
            headers.append(SET_COOKIE, HeaderValue::from_static(text));
        }
        cookies.learn(&headers);
        assert_eq!(cookies.header().unwrap(), "B=x=y; A=2");
        for number in 0..100 {
            let mut headers = HeaderMap::new();
            headers.append(SET_COOKIE, format!("C{number}={}", "x".repeat(4000)).parse().unwrap());
            cookies.learn(&headers);
        }
        assert!(cookies.header().unwrap().len() < 50_000);
    }
}
