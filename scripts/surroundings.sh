# Sourced by the set-up scripts: a quiet shell, words for the user, and the certificates of this machine.
set -eu
cd "$(dirname "$0")/.."
unset PYTHONPATH PYTHONHOME UV_PYTHON UV_SYSTEM_PYTHON VIRTUAL_ENV CONDA_PREFIX UV_PROJECT_ENVIRONMENT
export PIP_DISABLE_PIP_VERSION_CHECK=1

step() { printf '[%s/%s] %s\n' "$1" "$STEPS" "$2" >&2; }
note() { printf '      %s\n' "$@" >&2; }
fail() {
    printf '\ngridwright can not go on: %s\n' "$1" >&2
    shift
    for line in "$@"; do printf '  - %s\n' "$line" >&2; done
    exit 1
}

# pip, uv and node each carry roots of their own.  On a network that inspects TLS only the machine's own store knows
# the right ones, so point all of them at it, unless the user has said something else.
for bundle in /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt /etc/ssl/cert.pem; do
    [ -r "$bundle" ] || continue
    export PIP_CERT="${PIP_CERT:-$bundle}" SSL_CERT_FILE="${SSL_CERT_FILE:-$bundle}"
    export NODE_EXTRA_CA_CERTS="${NODE_EXTRA_CA_CERTS:-$bundle}" UV_SYSTEM_CERTS="${UV_SYSTEM_CERTS:-1}"
    break
done
