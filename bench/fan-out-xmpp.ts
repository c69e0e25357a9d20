/** Two widely used XMPP servers, with group chats archived in SQLite (XEP-0313). */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Contestant, type RunningServer, TEXT_BYTES } from "./fan-out-contestant.ts";
import { DOMAIN, findProgram, type ServerInstance, startProgram } from "./fan-out-program.ts";
import { makePoster, TextClient } from "./text-client.ts";

const ROOMS = `conference.${DOMAIN}`;
const PATTERN = { marker: "<body>", length: TEXT_BYTES };
const HELLO =
  `<stream:stream to='${DOMAIN}' version='1.0' xmlns='jabber:client' ` +
  "xmlns:stream='http://etherx.jabber.org/streams'>";
const FEATURES = "</stream:features>";
const BIND = "<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>";
const NO_HISTORY = "<x xmlns='http://jabber.org/protocol/muc'><history maxstanzas='0'/></x>";
const SELF_PRESENCE = "code='110'";
// Both servers commit and sync each message before they send it to the room and its sender.
const GUARANTEE = "acknowledged = on disk";

const prosodyConfig = ({ port, folder }: ServerInstance) => `
run_as_root = true
daemonize = false
pidfile = "${folder}/pid"
data_path = "${folder}"
plugin_paths = {}
interfaces = { "127.0.0.1" }
c2s_ports = {}
c2s_direct_tls_ports = { ${port} }
c2s_direct_tls_ssl = { certificate = "${folder}/cert.pem", key = "${folder}/key.pem" }
modules_enabled = { "disco", "roster", "saslauth" }
modules_disabled = { "s2s" }
authentication = "insecure"
insecure_open_authentication = "Yes please, I know what I'm doing!"
storage = { archive = "sql", muc_log = "sql" }
sql = { driver = "SQLite3", database = "prosody.sqlite" }
log = { error = "${folder}/log" }
VirtualHost "${DOMAIN}"
Component "${ROOMS}" "muc"
  modules_enabled = { "muc_mam" }
  muc_log_by_default = true
  muc_log_expires_after = "never"
  muc_room_locking = false
  muc_room_cache_size = 1000
  muc_room_default_persistent = true
  muc_room_default_history_length = 0
  muc_room_default_presence_broadcast = { visitor = false, participant = false, moderator = false }
`;

const ejabberdConfig = ({ port, folder }: ServerInstance) => `
loglevel: error
hosts: [${DOMAIN}]
certfiles: ["${folder}/*.pem"]
listen:
  - port: ${port}
    ip: "127.0.0.1"
    module: ejabberd_c2s
    tls: true
    shaper: none
    access: all
auth_method: anonymous
anonymous_protocol: both
default_db: sql
sql_type: sqlite
sql_database: "${folder}/ejabberd.sqlite"
modules:
  mod_mam:
    assume_mam_usage: true
    default: always
  mod_muc:
    host: ${ROOMS}
    max_users: 5000
    history_size: 0
    default_room_options:
      max_users: 5000
      mam: true
      persistent: true
      presence_broadcast: []
`;

export const prosody = xmppContestant("Prosody", "prosody", () =>
  startProgram({
    program: "prosody",
    configName: "prosody.cfg.lua",
    arguments: (path) => ["--config", path, "-F"],
    config: prosodyConfig,
    storage: "prosody.sqlite",
  }),
);

export const ejabberd = xmppContestant("ejabberd", "ejabberdctl", () =>
  startProgram({
    program: "erl",
    configName: "ejabberd.yml",
    arguments: (_, { folder }) => [
      ...["-noinput", "+K", "true", "+P", "250000"],
      ...["-mnesia", "dir", `"${folder}"`, "-s", "ejabberd"],
    ],
    config: ejabberdConfig,
    env: (path, { folder }) => ({
      HOME: folder,
      ERL_LIBS: erlangLibraries(),
      EJABBERD_CONFIG_PATH: path,
      EJABBERD_LOG_PATH: join(folder, "log"),
    }),
    storage: "ejabberd.sqlite",
  }),
);

/** Reads the script, because running it would start the server as a different system user. */
function erlangLibraries(): string {
  const script = readFileSync(findProgram("ejabberdctl") ?? "", "utf8");
  return /^ERL_LIBS='?([^'\n]*)/m.exec(script)?.[1] ?? "";
}

function xmppContestant(
  name: string,
  program: string,
  start: () => Promise<RunningServer>,
): Contestant {
  return {
    name,
    program,
    guarantee: GUARANTEE,
    start,
    makeReader: async (port, index, sink) => {
      const client = await connect(port, `r${index}`, "bench");
      client.watch(PATTERN, (bytes, offset) => sink.delivered(bytes, offset));
      return client;
    },
    makeSender: async (port, index) => {
      const client = await connect(port, `s${index}`, "bench");
      return { send: (text) => client.send(message("bench", text)), close: () => client.close() };
    },
    makePoster: async (port, index) => {
      const client = await connect(port, `p${index}`, `own${index}`);
      return makePoster(client, PATTERN, (text) => client.send(message(`own${index}`, text)));
    },
  };
}

function message(room: string, text: string): string {
  return `<message to='${room}@${ROOMS}' type='groupchat'><body>${text}</body></message>`;
}

async function connect(port: number, user: string, room: string): Promise<TextClient> {
  const client = await TextClient.connect(port);
  await client.request(HELLO, FEATURES);
  const auth = "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>";
  await client.request(`${auth}${btoa(`\0${user}\0password`)}</auth>`, "<success");
  await client.request(HELLO, FEATURES);
  await client.request(BIND, "</iq>");
  const occupant = `${room}@${ROOMS}/${user}`;
  await client.request(`<presence to='${occupant}'>${NO_HISTORY}</presence>`, SELF_PRESENCE);
  return client;
}
