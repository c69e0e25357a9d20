import { writeFileSync } from "node:fs";
import type { Subprocess } from "bun";
import { until } from "../event.ts";
import type { Sandbox } from "./program.ts";

export type ProxyProgram = "nginx" | "haproxy" | "caddy" | "apache2";

export interface ProxyOptions {
  readonly port: number;
  /** Port of the chat server. */
  readonly to: number;
  /** nginx only: whether it passes the WebSocket upgrade on, as in docs/certificates.md. */
  readonly upgrades?: boolean;
  /** nginx only. */
  readonly bodyBytesMax?: number;
}

interface Files {
  readonly folder: string;
  readonly cert: string;
  readonly key: string;
  /** Certificate and key in one file. */
  readonly both: string;
}

const MODULES = "/usr/lib/apache2/modules";
const APACHE_MODULES = ["mpm_event", "authz_core", "proxy", "proxy_http", "ssl", "socache_shmcb"];

const CONFIGURATIONS: Readonly<
  Record<ProxyProgram, (options: ProxyOptions, files: Files) => string>
> = {
  nginx: ({ port, to, upgrades = true, bodyBytesMax }, { folder, cert, key }) => `
    daemon off; pid ${folder}/nginx.pid; error_log stderr; events {}
    http {
      access_log off;
      ${["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map((name) => `${name}_temp_path ${folder}/${name};`)
        .join(" ")}
      server {
        listen 127.0.0.1:${port} ssl; ssl_certificate ${cert}; ssl_certificate_key ${key};
        ssl_protocols TLSv1.2 TLSv1.3;
        ${bodyBytesMax === undefined ? "" : `client_max_body_size ${bodyBytesMax};`}
        location / {
          proxy_pass http://127.0.0.1:${to};
          proxy_http_version 1.1;
          proxy_set_header Host $http_host;
          ${upgrades ? "proxy_set_header Upgrade $http_upgrade;" : ""}
          ${upgrades ? 'proxy_set_header Connection "upgrade";' : ""}
          proxy_read_timeout 1h;
        }
      }
    }`,
  haproxy: ({ port, to }, { both }) => `
defaults
  mode http
  timeout connect 5s
  timeout client 50s
  timeout server 50s
  timeout tunnel 1h
frontend front
  bind 127.0.0.1:${port} ssl crt ${both}
  default_backend chat
backend chat
  server chat 127.0.0.1:${to}
`,
  caddy: ({ port, to }, { cert, key }) => `{
  admin off
  auto_https off
  storage file_system ${cert}.storage
}
https://127.0.0.1:${port} {
  bind 127.0.0.1
  tls ${cert} ${key}
  reverse_proxy 127.0.0.1:${to}
}
`,
  apache2: ({ port, to }, { folder, cert, key }) => `
ServerRoot ${folder}
ServerName 127.0.0.1
PidFile ${folder}/apache.pid
Mutex file:${folder}
ErrorLog /dev/stderr
Listen 127.0.0.1:${port}
${APACHE_MODULES.map((name) => `LoadModule ${name}_module ${MODULES}/mod_${name}.so`).join("\n")}
SSLEngine on
SSLCertificateFile ${cert}
SSLCertificateKeyFile ${key}
ProxyPreserveHost On
ProxyTimeout 3600
ProxyPass / http://127.0.0.1:${to}/ upgrade=websocket
`,
};

const COMMANDS: Readonly<Record<ProxyProgram, (file: string, folder: string) => string[]>> = {
  nginx: (file, folder) => ["nginx", "-c", file, "-p", folder, "-e", "stderr"],
  haproxy: (file) => ["haproxy", "-db", "-f", file],
  caddy: (file) => ["caddy", "run", "--adapter", "caddyfile", "--config", file],
  apache2: (file) => ["apache2", "-f", file, "-DFOREGROUND"],
};

export const TRUSTING = { tls: { rejectUnauthorized: false } };

/** Proxy of the system, in the foreground and with its files in a sandbox. */
export class InstalledProxy {
  #child: Subprocess | undefined;
  readonly #files: Files;

  constructor(
    private readonly program: ProxyProgram,
    private readonly sandbox: Sandbox,
    readonly options: ProxyOptions,
  ) {
    const [cert, key, both] = ["crt", "key", "pem"].map((ext) => sandbox.path(`proxy.${ext}`));
    this.#files = { folder: sandbox.folder, cert: cert ?? "", key: key ?? "", both: both ?? "" };
  }

  get certificateFile(): string {
    return this.#files.cert;
  }

  setCertificate({ certPem, keyPem }: { readonly certPem: string; readonly keyPem: string }): void {
    writeFileSync(this.#files.cert, certPem);
    writeFileSync(this.#files.key, keyPem);
    writeFileSync(this.#files.both, certPem + keyPem);
  }

  /** Starts the proxy, and waits until it passes requests on. */
  async start(): Promise<void> {
    const { program, options, sandbox } = this;
    const file = sandbox.write(`${program}.conf`, CONFIGURATIONS[program](options, this.#files));
    this.#child = Bun.spawn(COMMANDS[program](file, sandbox.folder), {
      stdio: ["ignore", "ignore", "ignore"],
      env: { ...process.env, HOME: sandbox.folder, XDG_DATA_HOME: sandbox.folder },
    });
    const url = `https://127.0.0.1:${options.port}/healthz`;
    const answers = () => fetch(url, TRUSTING).then(({ ok }) => ok);
    await until(`${program} listens`, () => answers().catch(() => false));
  }

  async stop(): Promise<void> {
    this.#child?.kill("SIGTERM");
    await this.#child?.exited;
    this.#child = undefined;
  }

  /** Ends all connections, and reads the certificate again. */
  async restart(): Promise<void> {
    await this.stop();
    await this.start();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}
