import type { VerbTable } from "./_verb.ts";

/** Every verb, in the order of `chat --help`. */
export const VERBS: VerbTable = {
  serve: { summary: "Run a server", load: () => import("./serve.ts") },
  join: { summary: "Come in and talk", load: () => import("./join.ts") },
  send: {
    summary: "Send one message, or each line of stdin",
    load: () => import("./send.ts"),
  },
  "send-file": {
    summary: "Send files and folders",
    load: () => import("./send-file.ts"),
  },
  "get-file": {
    summary: "Take files, or all that arrive",
    load: () => import("./get-file.ts"),
  },
  web: { summary: "Open the page on this machine", load: () => import("./web.ts") },
  share: {
    summary: "Give files to another machine, without a server",
    load: () => import("./share.ts"),
  },
  receive: {
    summary: "Take what somebody shares",
    load: () => import("./receive.ts"),
  },
  digest: { summary: "Print the digest of files", load: () => import("./digest.ts") },
  history: { summary: "Show what was said", load: () => import("./history.ts") },
  users: { summary: "List the people", load: () => import("./users.ts") },
  rooms: { summary: "List the rooms", load: () => import("./rooms.ts") },
  files: { summary: "List the files", load: () => import("./files.ts") },
  register: { summary: "Make an account", load: () => import("./register.ts") },
  login: { summary: "Let this device sign in", load: () => import("./login.ts") },
  logout: { summary: "Sign this device out", load: () => import("./logout.ts") },
  devices: { summary: "List your devices", load: () => import("./devices.ts") },
  "link-device": {
    summary: "Make another device yours",
    load: () => import("./link-device.ts"),
  },
  lan: { summary: "Talk without a server, by multicast", load: () => import("./lan.ts") },
  trust: { summary: "Whom you know servers to be", load: () => import("./trust.ts") },
  discover: {
    summary: "Find servers on this network",
    load: () => import("./discover.ts"),
  },
  doctor: { summary: "Find what is wrong", load: () => import("./doctor.ts") },
  passwd: { summary: "Change the password", load: () => import("./passwd.ts") },
  admin: { summary: "Keep order on a server", load: () => import("./admin.ts") },
  completions: {
    summary: "Print what lets a shell complete",
    load: () => import("./completions.ts"),
  },
  complete: {
    summary: "Complete a command line, for shells",
    hidden: true,
    load: () => import("./complete.ts"),
  },
  version: { summary: "Print the version", load: () => import("./version.ts") },
};
