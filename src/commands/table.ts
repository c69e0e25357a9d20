/** Table of all commands, in the order of the help text. */

import {
  type CommandTable,
  inGroup,
  loadExport,
  type Verb,
  type VerbRow,
  type VerbTable,
  verbRow,
} from "../cli/command.ts";

const backups = () => import("./archive/backup.ts");
const account = () => import("./account.ts");
const fileTransfers = () => import("./files.ts");
const lists = () => import("./lists.ts");

export const SUMMARY =
  "Chat for people who share a network: server, client and history in one program";

/** Shown before the commands; each with its purpose. */
export const EXAMPLES: readonly string[] = [
  "chat join 192.0.2.7           join a server; the full screen",
  "chat serve --name Northwind   run a server",
  'chat send -t dev "It builds"  send one message',
  "chat send-file *.jpg -t dev   send files and folders",
  "chat inbox                    what is new for you",
  "chat search budget            find messages by their words",
];

/** Loads a command that describes the others. */
function describing(load: () => Promise<(table: CommandTable) => Verb>): VerbRow["load"] {
  return async () => ({
    command: (await load())({ summary: SUMMARY, examples: EXAMPLES, verbs: VERBS }),
  });
}

export const VERBS: VerbTable = {
  ...inGroup("Talk", {
    join: verbRow("Join a server and chat", () => import("./join.ts"), [
      "chat join",
      "chat join 192.0.2.7 -u ana -r lab",
      "chat join 'chat://192.0.2.7:2428/lobby#SECRET'",
    ]),
    send: verbRow("Send one message, or each line of stdin", () => import("./send.ts"), [
      'chat send "The build is done."',
      'chat send -t @bob -t lab "Lunch?"',
      "make 2>&1 | chat send --to build -",
    ]),
    inbox: verbRow(
      "Show what is new for you",
      loadExport(() => import("./inbox.ts"), "inbox"),
      ["chat inbox", "chat inbox --count"],
    ),
    web: verbRow("Open the web page", () => import("./web.ts"), ["chat web", "chat web 192.0.2.7"]),
    lan: verbRow("Chat without a server, over multicast", () => import("./lan.ts"), [
      "chat lan",
      "chat lan --user ana --group 224.1.1.1 --port 5004 --plain",
    ]),
    users: verbRow("List users", loadExport(lists, "users"), [
      "chat users",
      "chat users --room lab --json",
    ]),
    rooms: verbRow("List rooms", loadExport(lists, "rooms"), ["chat rooms"]),
  }),
  ...inGroup("Files", {
    "send-file": verbRow("Send files and folders", loadExport(fileTransfers, "sendFile"), [
      "chat send-file photo.jpg --to @bob",
      "tar c notes | chat send-file - --name notes.tar --to lab",
    ]),
    "get-file": verbRow("Download files", loadExport(fileTransfers, "getFile"), [
      "chat get-file fAAAAAAAAAAA --out Downloads",
      "chat get-file --follow --out inbox",
    ]),
    files: verbRow("List files", loadExport(lists, "files"), [
      "chat files",
      "chat files --grep budget",
      "chat files 192.0.2.7 --json",
    ]),
    handed: verbRow("List or download what was handed in", () => import("./handed.ts"), [
      "chat handed --room homework",
      "chat handed --room homework --out work",
    ]),
    share: verbRow(
      "Share files with another machine without a server",
      () => import("./share.ts"),
      ["chat share photo.jpg notes", "chat share --keep slides.pdf"],
    ),
    receive: verbRow("Receive files from chat share", () => import("./receive.ts"), [
      "chat receive 7-tiger-canoe",
      "chat receive 'chat://192.0.2.7:40123/?fp=FINGERPRINT#SECRET' --out Downloads",
    ]),
    digest: verbRow("Print the digest of files", () => import("./digest.ts"), [
      "chat digest photo.jpg",
    ]),
  }),
  ...inGroup("History", {
    history: verbRow("Show messages", () => import("./history.ts"), [
      "chat history -n 20",
      "chat history --room lab --since 2h --grep deadline",
      "chat history --with @bob --follow",
      'chat history --follow --exec notify-send "New message"',
    ]),
    search: verbRow("Find messages by their words", () => import("./search.ts"), [
      "chat search certificate registrar",
      "chat search from:bob in:lab wifi",
      "chat search --has file --since 30d budget",
    ]),
    export: verbRow("Export messages and files to a folder", () => import("./archive/export.ts"), [
      "chat export --room lobby --html --out lobby-page",
      "chat export --files --out copy",
    ]),
    import: verbRow(
      "Import messages from another chat into a room",
      () => import("./archive/import.ts"),
      ["chat import lab.ndjson --room lab", "chat import slack.zip --room lab --channel general"],
    ),
    verify: verbRow("Check history for tampering", () => import("./verify.ts"), [
      "chat verify",
      "chat verify --data ./data",
      "chat verify --seq 12 --out record-12.proof",
      "chat verify 192.0.2.7 --witness 192.0.2.8",
    ]),
    witness: verbRow(
      "Keep checkpoints of a server for others",
      loadExport(() => import("./verify.ts"), "witness"),
      ["chat witness 192.0.2.7 --out seen.txt", "chat witness 192.0.2.7 --to 192.0.2.8"],
    ),
  }),
  ...inGroup("Account", {
    register: verbRow("Create an account", loadExport(account, "register"), [
      "chat register 192.0.2.7 --user ana",
      "CHAT_PASSWORD=... chat register --user ana",
    ]),
    login: verbRow("Sign this device in", loadExport(account, "login"), [
      "chat login 192.0.2.7 --user ana",
    ]),
    logout: verbRow("Sign this device out", loadExport(account, "logout"), ["chat logout"]),
    passwd: verbRow("Change your password", loadExport(account, "passwd"), [
      "chat passwd",
      "CHAT_NEW_PASSWORD=... chat passwd --user ana",
    ]),
    unregister: verbRow(
      "Delete your account and everything you posted",
      loadExport(account, "unregister"),
      ["chat unregister", "chat unregister --yes"],
    ),
    devices: verbRow("List your devices", loadExport(account, "devices"), [
      "chat devices",
      "chat devices --revoke DEVICE",
    ]),
    "link-device": verbRow(
      "Add another device to your account",
      loadExport(account, "linkDevice"),
      ["chat link-device"],
    ),
    "verify-user": verbRow(
      "Verify a user's identity, for encrypted rooms",
      loadExport(account, "verifyIdentity"),
      ["chat verify-user ben", 'chat verify-user ben --confirm "DIGITS"'],
    ),
    trust: verbRow("Manage trusted server identities", () => import("./trust.ts"), [
      "chat trust list",
      "chat trust accept 192.0.2.7 --fingerprint SHA256:...",
      "chat trust forget 192.0.2.7",
      "chat trust root 192.0.2.7",
    ]),
  }),
  ...inGroup("Server", {
    serve: verbRow("Run a server", () => import("./serve.ts"), [
      'chat serve --name "Room 12" --welcome "Be kind."',
      "chat serve --open --port 3000 --data ./class",
    ]),
    admin: verbRow("Moderate and manage a server", () => import("./admin.ts"), [
      "chat admin invite --uses 20 --expires 7d",
      "chat admin kick bob --room lab",
    ]),
    backup: verbRow("Back up a server's data folder", loadExport(backups, "backup"), [
      "chat backup /mnt/backup --data ./data",
    ]),
    restore: verbRow("Restore a backup to a new folder", loadExport(backups, "restore"), [
      "chat restore /mnt/backup --data ./restored",
    ]),
    cluster: verbRow(
      "Create, inspect or leave a cluster of servers",
      () => import("./cluster.ts"),
      ["chat cluster status --nats nats://10.0.0.1:4222"],
    ),
    discover: verbRow("Find servers on this network", () => import("./discover.ts"), [
      "chat discover",
      "chat discover --json",
    ]),
    doctor: verbRow("Diagnose problems", () => import("./doctor.ts"), [
      "chat doctor",
      "chat doctor 192.0.2.7:2428",
    ]),
  }),
  ...inGroup("Program", {
    help: verbRow(
      "Show a guide, or the help of a command",
      describing(async () => (await import("./help.ts")).helpCommand),
      ["chat help", "chat help class", "chat help send"],
    ),
    man: verbRow(
      "Show a manual page",
      describing(async () => (await import("./completions.ts")).man),
      ["chat man", "chat man send", "chat man --install ~/.local/share/man"],
    ),
    completions: verbRow(
      "Print the completion script for a shell",
      loadExport(() => import("./completions.ts"), "completions"),
      ["chat completions bash > ~/.local/share/bash-completion/completions/chat"],
    ),
    complete: {
      summary: "Complete a command line, for shells",
      hidden: true,
      load: describing(async () => (await import("./completions.ts")).complete),
    },
    upgrade: verbRow("Replace this program with a newer release", () => import("./upgrade.ts"), [
      "chat upgrade ~/Downloads/chat-0.3.0",
      "chat upgrade https://192.0.2.7:2428/program",
    ]),
    version: verbRow("Print the version", () => import("./version.ts"), [
      "chat version",
      "chat version --licenses",
    ]),
  }),
};
