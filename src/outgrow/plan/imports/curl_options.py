"""The options of curl that a scenario has no place for: what takes an argument, and what says nothing of a request.

Source: the options of curl 8 as its manual page lists them (https://curl.se/docs/manpage.html).
"""

from typing import Final

SILENT: Final = """
    -s,--silent -S,--show-error -v,--verbose -i,--include --show-headers -f,--fail --fail-with-body --fail-early
    --compressed -N,--no-buffer -O,--remote-name --remote-name-all -J,--remote-header-name -R,--remote-time
    --remove-on-error --create-dirs -#,--progress-bar --no-progress-meter --styled-output --no-styled-output
    --trace-time --trace-ids --xattr --no-clobber --clobber -q,--disable -g,--globoff -Z,--parallel
    --parallel-immediate --out-null --skip-existing
"""
"""Flags of what curl shows and keeps, of which nothing has to be told."""
SILENT_WITH_ARGUMENT: Final = """
    -o,--output -w,--write-out -D,--dump-header -c,--cookie-jar --output-dir --stderr --trace --trace-ascii
    --trace-config --libcurl --parallel-max --parallel-max-host --create-file-mode
"""
"""The same with an argument."""
LEFT_OUT: Final = """
    --anyauth -a,--append --basic --ca-native --cert-status --compressed-ssh --crlf --digest --disable-eprt
    --disable-epsv --disallow-username-in-url --doh-cert-status --doh-insecure --dump-ca-embed --false-start
    --follow --form-escape --ftp-create-dirs --ftp-pasv --ftp-pret --ftp-skip-pasv-ip --ftp-ssl-ccc
    --ftp-ssl-control --haproxy-protocol --http0.9 -0,--http1.0 --http1.1 --http2 --http2-prior-knowledge
    --http3 --http3-only --ignore-content-length -4,--ipv4 -6,--ipv6 -j,--junk-session-cookies -l,--list-only
    --location-trusted --mail-rcpt-allowfails -M,--manual --metalink --mptcp --negotiate -n,--netrc
    --netrc-optional --no-alpn --no-keepalive --no-npn --no-sessionid --ntlm --ntlm-wb --path-as-is --post301
    --post302 --post303 --proxy-anyauth --proxy-basic --proxy-ca-native --proxy-digest --proxy-http2
    --proxy-insecure --proxy-negotiate --proxy-ntlm --proxy-ssl-allow-beast --proxy-ssl-auto-client-cert
    --proxy-tlsv1 -p,--proxytunnel --raw --retry-all-errors --retry-connrefused --sasl-ir --socks5-basic
    --socks5-gssapi --socks5-gssapi-nec --ssl --ssl-allow-beast --ssl-auto-client-cert --ssl-no-revoke
    --ssl-reqd --ssl-revoke-best-effort --ssl-sessions -2,--sslv2 -3,--sslv3 --suppress-connect-headers
    --tcp-fastopen --tcp-nodelay --tftp-no-options --tls-earlydata -1,--tlsv1 --tlsv1.0 --tlsv1.1 --tlsv1.2
    --tlsv1.3 --tr-encoding -B,--use-ascii -V,--version
"""
"""Flags that are told as left out."""
LEFT_OUT_WITH_ARGUMENT: Final = """
    --abstract-unix-socket --alt-svc -A,--user-agent --aws-sigv4 --capath --cert-type --ciphers -K,--config
    --connect-timeout --connect-to -C,--continue-at --crlfile --curves --delegation --dns-interface
    --dns-ipv4-addr --dns-ipv6-addr --dns-servers --doh-url --ech --egd-file --engine --etag-compare --etag-save
    --expect100-timeout --ftp-account --ftp-alternative-to-user --ftp-method -P,--ftp-port --ftp-ssl-ccc-mode
    --happy-eyeballs-timeout-ms --haproxy-clientip -h,--help --hostpubmd5 --hostpubsha256 --hsts --interface
    --ip-tos --ipfs-gateway --keepalive-cnt --keepalive-time --key-type --knownhosts --krb --limit-rate
    --local-port --login-options --mail-auth --mail-from --mail-rcpt --max-filesize --max-redirs --netrc-file
    --noproxy --pass --pinnedpubkey --preproxy --proto --proto-default --proto-redir -x,--proxy --proxy-cacert
    --proxy-capath --proxy-cert --proxy-cert-type --proxy-ciphers --proxy-crlfile --proxy-header --proxy-key
    --proxy-key-type --proxy-pass --proxy-pinnedpubkey --proxy-service-name --proxy-tls13-ciphers
    --proxy-tlsauthtype --proxy-tlspassword --proxy-tlsuser -U,--proxy-user --proxy1.0 --pubkey -Q,--quote
    --random-file -r,--range --rate --request-target --resolve --retry --retry-delay --retry-max-time
    --sasl-authzid --service-name --sigalgs --socks4 --socks4a --socks5 --socks5-gssapi-service
    --socks5-hostname -Y,--speed-limit -y,--speed-time -t,--telnet-option --tftp-blksize -z,--time-cond
    --tls-max --tls13-ciphers --tlsauthtype --tlspassword --tlsuser --unix-socket -T,--upload-file
    --upload-flags --url-query --variable --vlan-priority
"""
"""The same with an argument, which is no URL."""
