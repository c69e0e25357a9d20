/** The table of all commands. */

import type { VerbTable } from "../cli/command.ts";

/** Every verb, in the order of `chat --help`. */
export const VERBS: VerbTable = {
  serve: {
    summary: "Run a server",
    examples: [
      "chat serve --name 'Room 12' --welcome 'Be kind.'",
      "chat serve --open --port 3000 --data ./class",
    ],
    load: () => import("./serve.ts"),
  },
  join: {
    summary: "Enter a server and talk",
    examples: [
      "chat join",
      "chat join 192.0.2.7 --user ana --room lab",
      "chat join 'chat://192.0.2.7:2428/lobby#SECRET'",
    ],
    load: () => import("./join.ts"),
  },
  send: {
    summary: "Send one message, or each line of stdin",
    examples: [
      "chat send 'The build is done.'",
      "chat send --to @bob --to lab 'Lunch?'",
      "make 2>&1 | chat send --to build -",
    ],
    load: () => import("./send.ts"),
  },
  "send-file": {
    summary: "Send files and folders",
    examples: [
      "chat send-file photo.jpg --to @bob",
      "tar c notes | chat send-file - --name notes.tar --to lab",
    ],
    load: () => import("./send-file.ts"),
  },
  "get-file": {
    summary: "Fetch files, or all that arrive",
    examples: ["chat get-file fAAAAAAAAAAA --out Downloads", "chat get-file --follow --out inbox"],
    load: () => import("./get-file.ts"),
  },
  web: {
    summary: "Open the page on this machine",
    examples: ["chat web", "chat web 192.0.2.7"],
    load: () => import("./web.ts"),
  },
  share: {
    summary: "Give files to another machine, without a server",
    examples: ["chat share photo.jpg notes", "chat share --keep slides.pdf"],
    load: () => import("./share.ts"),
  },
  receive: {
    summary: "Receive files that chat share gives",
    examples: ["chat receive 'chat://192.0.2.7:40123/?fp=FINGERPRINT#SECRET' --out Downloads"],
    load: () => import("./receive.ts"),
  },
  digest: {
    summary: "Print the digest of files",
    examples: ["chat digest photo.jpg"],
    load: () => import("./digest.ts"),
  },
  history: {
    summary: "Show messages",
    examples: [
      "chat history --last 20",
      "chat history --room lab --since 2h --grep deadline",
      "chat history --with @bob --follow",
    ],
    load: () => import("./history.ts"),
  },
  export: {
    summary: "Write messages and files to a folder",
    examples: [
      "chat export --room lobby --html --out lobby-page",
      "chat export --files --out copy",
    ],
    load: () => import("./archive/export.ts"),
  },
  import: {
    summary: "Bring messages of another chat into a room",
    examples: [
      "chat import lab.ndjson --room lab",
      "chat import '#lab.weechatlog' --room lab --skip-bad",
    ],
    load: () => import("./archive/import.ts"),
  },
  backup: {
    summary: "Copy a server's folder while it runs",
    examples: ["chat backup /mnt/backup --data ./data"],
    load: () => import("./archive/backup.ts"),
  },
  restore: {
    summary: "Put a backup into a new folder",
    examples: ["chat restore /mnt/backup --data ./restored"],
    load: () => import("./archive/restore.ts"),
  },
  users: {
    summary: "List the users",
    examples: ["chat users", "chat users --room lab --json"],
    load: async () => ({ command: (await import("./lists.ts")).users }),
  },
  rooms: {
    summary: "List the rooms",
    examples: ["chat rooms"],
    load: async () => ({ command: (await import("./lists.ts")).rooms }),
  },
  files: {
    summary: "List the files",
    examples: ["chat files", "chat files 192.0.2.7 --json"],
    load: async () => ({ command: (await import("./lists.ts")).files }),
  },
  register: {
    summary: "Make an account",
    examples: ["chat register 192.0.2.7 --user ana", "CHAT_PASSWORD=... chat register --user ana"],
    load: async () => ({ command: (await import("./account/sign-in.ts")).register }),
  },
  login: {
    summary: "Let this device sign in",
    examples: ["chat login 192.0.2.7 --user ana"],
    load: async () => ({ command: (await import("./account/sign-in.ts")).login }),
  },
  logout: {
    summary: "Sign this device out",
    examples: ["chat logout"],
    load: async () => ({ command: (await import("./account/sign-in.ts")).logout }),
  },
  unregister: {
    summary: "Erase all that you said, and your account",
    examples: ["chat unregister", "chat unregister --yes"],
    load: async () => ({ command: (await import("./account/sign-in.ts")).unregister }),
  },
  devices: {
    summary: "List your devices",
    examples: ["chat devices", "chat devices --revoke DEVICE"],
    load: () => import("./account/devices.ts"),
  },
  "verify-user": {
    summary: "Compare who a user is, for sealed rooms",
    examples: ["chat verify-user ben", 'chat verify-user ben --confirm "DIGITS"'],
    load: () => import("./account/verify-user.ts"),
  },
  "link-device": {
    summary: "Add another device to your account",
    examples: ["chat link-device"],
    load: () => import("./account/link-device.ts"),
  },
  lan: {
    summary: "Talk without a server, by multicast",
    examples: ["chat lan", "chat lan --user ana --group 224.1.1.1 --port 5004 --plain"],
    load: () => import("./lan.ts"),
  },
  trust: {
    summary: "List, accept or forget the identities of servers",
    examples: [
      "chat trust list",
      "chat trust accept 192.0.2.7 --fingerprint SHA256:...",
      "chat trust forget 192.0.2.7",
    ],
    load: () => import("./trust.ts"),
  },
  verify: {
    summary: "Verify that a history is what it was",
    examples: [
      "chat verify",
      "chat verify --data ./data",
      "chat verify --seq 12 --out record-12.proof",
    ],
    load: () => import("./verify.ts"),
  },
  discover: {
    summary: "Find servers on this network",
    examples: ["chat discover", "chat discover --json"],
    load: () => import("./discover.ts"),
  },
  doctor: {
    summary: "Find what is wrong",
    examples: ["chat doctor", "chat doctor 192.0.2.7:2428"],
    load: () => import("./doctor.ts"),
  },
  passwd: {
    summary: "Change the password",
    examples: ["chat passwd", "CHAT_NEW_PASSWORD=... chat passwd --user ana"],
    load: () => import("./account/passwd.ts"),
  },
  admin: {
    summary: "Moderate and manage a server",
    examples: ["chat admin invite --uses 20 --expires 7d", "chat admin kick bob --room lab"],
    load: () => import("./admin.ts"),
  },
  cluster: {
    summary: "Move into, look at or leave a cluster of servers",
    examples: ["chat cluster status --nats nats://10.0.0.1:4222"],
    load: () => import("./cluster/group.ts"),
  },
  man: {
    summary: "Print the manual page of chat, or of a command",
    examples: [
      "chat man | man -l -",
      "chat man send | man -l -",
      "chat man --install ~/.local/share/man",
    ],
    load: () => import("./man.ts"),
  },
  completions: {
    summary: "Print the completion script for a shell",
    examples: ["chat completions bash > ~/.local/share/bash-completion/completions/chat"],
    load: () => import("./completions.ts"),
  },
  complete: {
    summary: "Complete a command line, for shells",
    hidden: true,
    load: () => import("./complete.ts"),
  },
  version: {
    summary: "Print the version",
    examples: ["chat version", "chat version --licenses"],
    load: () => import("./version.ts"),
  },
};
