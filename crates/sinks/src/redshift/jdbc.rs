//! The address in a JDBC URL.

/// Where a cluster is, as `ClusterJDBCURL` says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cluster {
    /// The host.
    pub host: String,
    /// The port.
    pub port: u16,
    /// The database.
    pub database: String,
}

/// Reads `jdbc:redshift://HOST:PORT/DATABASE`, or `jdbc:postgresql://…`. The text says what is wrong.
pub fn parse(url: &str) -> Result<Cluster, String> {
    let malformed = || format!("ClusterJDBCURL {url} is not jdbc:redshift://HOST:PORT/DATABASE");
    let rest =
        url.strip_prefix("jdbc:redshift://").or_else(|| url.strip_prefix("jdbc:postgresql://"));
    let (address, database) = rest.and_then(|rest| rest.split_once('/')).ok_or_else(malformed)?;
    if database.contains(['?', ';']) {
        return Err(format!("ClusterJDBCURL {url}: parameters of the driver are not supported"));
    }
    let (host, port) = address.rsplit_once(':').ok_or_else(malformed)?;
    let port = port.parse().map_err(|_| malformed())?;
    if host.is_empty() || database.is_empty() {
        return Err(malformed());
    }
    Ok(Cluster { host: host.to_owned(), port, database: database.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_port_and_database_are_read() {
        for scheme in ["redshift", "postgresql"] {
            let cluster = parse(&format!("jdbc:{scheme}://a.b.redshift.amazonaws.com:5439/dev"));
            let cluster = cluster.unwrap();
            assert_eq!(cluster.host, "a.b.redshift.amazonaws.com");
            assert_eq!((cluster.port, cluster.database.as_str()), (5439, "dev"));
        }
    }

    #[test]
    fn what_is_no_such_url_is_refused() {
        for url in [
            "",
            "jdbc:mysql://h:1/d",
            "jdbc:redshift://h/d",
            "jdbc:redshift://h:1",
            "jdbc:redshift://h:99999/d",
            "jdbc:redshift://:1/d",
            "jdbc:redshift://h:1/",
            "jdbc:redshift://h:1/d?ssl=true",
        ] {
            assert!(parse(url).is_err(), "{url}");
        }
    }
}
