"""Goal: the server's port speaks TLS and lets clients in by their certificates, connectors reach their systems
over TLS and prove themselves to them, a certificate is renewed without a restart, and who cannot prove who they
are gets nothing: neither a client at the server nor the server at a system."""
import json
import os
import pathlib
import shutil
import socket
import ssl
import subprocess
import tempfile
import threading
import warnings

from support import BINARY, Stack, ask, check, sale, wait_until


class Authority:
    """Makes certificates with the openssl command, in a folder of its own."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="crossfoot-ca-"))
        self.certificate = self.folder / "ca.pem"
        self._run("req", "-x509", "-nodes", "-days", "2", "-subj", "/CN=test authority", *self._new_key("ca"),
                  "-out", self.certificate)

    def _new_key(self, name):
        return ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-keyout",
                self.folder / f"{name}.key")

    def _run(self, *arguments):
        run = subprocess.run(["openssl", *map(str, arguments)], capture_output=True, text=True, timeout=60)
        check(run.returncode == 0, f"openssl {arguments[0]}: {run.stderr}")
        return run.stdout

    def make(self, name, host):
        """(certificate, key) for a host such as `IP:127.0.0.1`."""
        request, extensions = self.folder / f"{name}.csr", self.folder / f"{name}.ext"
        made = self.folder / f"{name}.new"
        extensions.write_text(f"subjectAltName={host}\n")
        self._run("req", "-new", "-nodes", "-subj", f"/CN={name}", *self._new_key(name), "-out", request)
        self._run("x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey", self.folder / "ca.key",
                  "-CAcreateserial", "-days", "1", "-extfile", extensions, "-out", made)
        os.replace(made, self.folder / f"{name}.pem")
        return self.folder / f"{name}.pem", self.folder / f"{name}.key"

    def client(self, name=None):
        """An SSL context that believes this authority, with a certificate of it or without."""
        context = ssl.create_default_context(cafile=self.certificate)
        if name:
            context.load_cert_chain(self.folder / f"{name}.pem", self.folder / f"{name}.key")
        return context


class TlsFront:
    """Ends TLS before a sandbox, for clients with a certificate of the authority alone."""

    def __init__(self, authority, name, target):
        self.target = target.removeprefix("http://").split(":")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(authority.folder / f"{name}.pem", authority.folder / f"{name}.key")
        context.load_verify_locations(authority.certificate)
        context.verify_mode = ssl.CERT_REQUIRED
        self.context, self.refused = context, 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"https://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        try:
            inner = self.context.wrap_socket(connection, server_side=True)
        except (ssl.SSLError, OSError):
            self.refused += 1
            return
        outer = socket.create_connection((self.target[0], int(self.target[1])))
        threading.Thread(target=self._pump, args=(inner, outer), daemon=True).start()
        self._pump(outer, inner)

    @staticmethod
    def _pump(source, sink):
        try:
            while data := source.recv(65536):
                sink.sendall(data)
        except OSError:
            pass
        for end in (source, sink):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def close(self):
        self.listener.close()


class TlsStack(Stack):
    """The server behind TLS, and its systems too."""

    def __init__(self, authority, keys):
        self.authority, self.fronts = authority, {}
        files = authority.folder
        self.listen = (f", tls_certificate: {files}/server.pem, tls_key: {files}/server.key, "
                       f"tls_client_authorities: {authority.certificate}")
        self.proves = "server"  # the certificate that the server shows to its systems
        super().__init__(f"access: {{api_keys: {keys}}}")

    def address_of(self, sandbox):
        front = self.fronts.setdefault(sandbox.url, None)
        if front is None:
            front = self.fronts[sandbox.url] = TlsFront(self.authority, "system", sandbox.url)
        files = self.authority.folder
        proof = f", tls_certificate: {files}/{self.proves}.pem, tls_key: {files}/{self.proves}.key" \
            if self.proves else ""
        return f'base_url: "{front.url}", tls_authorities: {self.authority.certificate}{proof}'

    def close(self):
        for front in self.fronts.values():
            front.close()
        super().close()


def entry(name, certificate, *options):
    run = subprocess.run([BINARY, "access", "certificate", name, certificate, *options], capture_output=True,
                         text=True, timeout=60)
    check(run.returncode == 0, f"access certificate: {run.stderr}")
    return json.loads(run.stdout)


def raises_tls(work):
    try:
        work()
    except (ssl.SSLError, OSError) as fault:
        return str(fault)
    return None


def versions(url, authority):
    """TLS 1.1 is refused, 1.2 and 1.3 are spoken."""
    host, port = url.removeprefix("https://").split(":")
    spoken = {}
    for version in (ssl.TLSVersion.TLSv1_1, ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        context = authority.client()
        context.set_ciphers("DEFAULT:@SECLEVEL=0")
        warnings.simplefilter("ignore", DeprecationWarning)  # of the version that must be refused
        context.minimum_version = context.maximum_version = version

        def shake():
            with socket.create_connection((host, int(port)), timeout=10) as connection:
                context.wrap_socket(connection, server_hostname="127.0.0.1").close()

        spoken[version.name] = raises_tls(shake) is None
    check(spoken == {"TLSv1_1": False, "TLSv1_2": True, "TLSv1_3": True}, f"versions: {spoken}")


def main():
    authority = Authority()
    try:
        story(authority)
    finally:
        shutil.rmtree(authority.folder)


def story(authority):
    authority.make("server", "IP:127.0.0.1,DNS:localhost")
    authority.make("system", "IP:127.0.0.1")
    till, _ = authority.make("till", "DNS:till")
    authority.make("stranger", "DNS:stranger")
    keys = authority.folder / "keys.json"
    keys.write_text(json.dumps({"keys": [
        entry("till", till, "--role", "channel", "--role", "integration")]}))
    with TlsStack(authority, keys) as stack:
        url = stack.server.url
        check(url.startswith("https://"), f"the address says so: {url}")
        proven, anonymous = authority.client("till"), authority.client()
        check(ask(f"{url}/healthz/ready", tls=anonymous)[0] == 200, "health is for everybody")
        check(ask(f"{url}/v1/overview", tls=anonymous)[0] == 401, "nothing without a certificate")
        check(ask(f"{url}/v1/overview", tls=authority.client("stranger"))[0] == 401, "nor with any")
        check(raises_tls(lambda: ask(f"{url}/healthz/ready")), "who does not know the authority")
        clear = url.replace("https://", "http://")
        check(raises_tls(lambda: ask(f"{clear}/healthz/ready")), "nothing is said in clear")
        versions(url, authority)

        count = 40
        for number in range(count):
            status, answer, _ = ask(f"{url}/v1/transactions", sale(number), tls=proven)
            check(status == 202, f"{status} {answer}")

        def done():
            return ask(f"{url}/v1/overview", tls=proven)[1]["flows"]["done"] == count

        wait_until(done, 60, "every leg over TLS")
        check(all(front.refused == 0 for front in stack.fronts.values()), "no handshake failed")

        run = subprocess.run([BINARY, "reconcile", "--to", url, "--from", "2026-11-21", "--until", "2026-11-21"],
                             capture_output=True, text=True, timeout=60,
                             env={**os.environ, "CROSSFOOT_AUTHORITIES": str(authority.certificate)})
        check("CF-2401" in run.stderr, f"the command line speaks TLS, and has no certificate: {run}")

        # Renewed while it runs: the next connection sees the new one.
        def serial():
            host, port = url.removeprefix("https://").split(":")
            with socket.create_connection((host, int(port)), timeout=10) as connection:
                with authority.client().wrap_socket(connection, server_hostname="127.0.0.1") as inner:
                    return inner.getpeercert()["serialNumber"]

        before = serial()
        authority.make("server", "IP:127.0.0.1,DNS:localhost")
        wait_until(lambda: serial() != before, 20, "the renewed certificate")

        # A server that shows its systems no certificate is refused there: nothing is sent, all waits.
        stack.server.stop()
        stack.proves = ""
        stack.start_server()
        url = stack.server.url
        check(ask(f"{url}/v1/transactions", sale(1000), tls=proven)[0] == 202, "taken")
        wait_until(lambda: any(front.refused for front in stack.fronts.values()), 30, "a refusal")
        flows = ask(f"{url}/v1/overview", tls=proven)[1]["flows"]
        check(flows["open"] == 1, f"it waits: {flows}")
        stack.server.stop()
        stack.proves = "server"
        stack.start_server()
        url = stack.server.url
        wait_until(lambda: ask(f"{url}/v1/overview", tls=proven)[1]["flows"]["done"] == count + 1, 60,
                   "what had waited")
        print("TLS on both sides: proven, renewed, refused")


main()
