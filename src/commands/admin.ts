/** `chat admin`: the table of its subcommands. */

import { defineGroup, loadExport, verbRow } from "../cli/command.ts";

const lists = () => import("./admin/lists.ts");
const window = () => import("./admin/status.ts");
const people = () => import("./admin/people.ts");
const bans = () => import("./admin/bans.ts");
const invites = () => import("./admin/invites.ts");
const accounts = () => import("./admin/accounts.ts");

export const command = defineGroup({
  accounts: verbRow(
    "List all accounts: who is online, and when they were here last",
    loadExport(lists, "accounts"),
    ["chat admin accounts", "chat admin accounts --sort seen --json"],
  ),
  rooms: verbRow("List all rooms, the largest first", loadExport(lists, "rooms"), [
    "chat admin rooms",
  ]),
  files: verbRow("List all files, the largest first", loadExport(lists, "files"), [
    "chat admin files --find report",
  ]),
  clients: verbRow(
    "List connections, with addresses and what they carried",
    loadExport(window, "clients"),
    ["chat admin clients"],
  ),
  transfers: verbRow("List files under way", loadExport(window, "transfers"), [
    "chat admin transfers",
  ]),
  cancel: verbRow("Cancel a file that is being sent or taken", loadExport(window, "cancel"), [
    "chat admin cancel fAB12CD34EF56GH78 bob",
  ]),
  stats: verbRow("Show how the server is", loadExport(window, "stats"), ["chat admin stats"]),
  log: verbRow(
    "Show what happened, and what was decided since when you like",
    () => import("./admin/log.ts"),
    ["chat admin log", "chat admin log --since 30d --json"],
  ),
  announce: verbRow(
    "Tell all users something, or take it back",
    () => import("./admin/announce.ts"),
    ["chat admin announce 'We move at noon.'", "chat admin announce --withdraw"],
  ),
  kick: verbRow("Remove a user from a room", loadExport(people, "kick"), [
    "chat admin kick bob --room lab",
  ]),
  mute: verbRow("Let a user read, but not write, in a room", loadExport(people, "mute"), [
    "chat admin mute bob --room lab --for 10m",
  ]),
  unmute: verbRow("Let a muted user write again", loadExport(people, "unmute"), [
    "chat admin unmute bob --room lab",
  ]),
  grant: verbRow(
    "Make a user an operator, or with --room a moderator",
    loadExport(people, "grant"),
    ["chat admin grant ana", "chat admin grant bob --room lab"],
  ),
  revoke: verbRow("Take the role of operator or moderator away", loadExport(people, "revoke"), [
    "chat admin revoke bob --room lab",
  ]),
  ban: verbRow("Ban an account or an address", loadExport(bans, "ban"), [
    "chat admin ban bob --for 2h --reason 'Cool down.'",
    "chat admin ban 192.0.2.9",
  ]),
  unban: verbRow("Let a banned account or address in again", loadExport(bans, "unban"), [
    "chat admin unban bob",
  ]),
  bans: verbRow("List banned accounts and addresses", loadExport(bans, "bans"), [
    "chat admin bans",
  ]),
  erase: verbRow("Erase messages, or all that a user said", () => import("./admin/erase.ts"), [
    "chat admin erase 12 13",
    "chat admin erase --user bob",
  ]),
  retention: verbRow(
    "Set how long a room keeps messages and files",
    () => import("./admin/retention.ts"),
    ["chat admin retention lab 90d", "chat admin retention lab off"],
  ),
  invite: verbRow("Make a line that lets a user in", loadExport(invites, "invite"), [
    "chat admin invite --uses 20 --expires 7d",
    "chat admin invite --post build",
  ]),
  invites: verbRow("List the valid invites, or revoke one", loadExport(invites, "invites"), [
    "chat admin invites",
    "chat admin invites --revoke ID",
  ]),
  reset: verbRow("Make a line that lets a user set a new password", loadExport(accounts, "reset"), [
    "chat admin reset bob --expires 2h",
  ]),
  "sign-out": verbRow("Sign all devices of a user out", loadExport(accounts, "signOut"), [
    "chat admin sign-out bob",
  ]),
  rename: verbRow("Give an account another name", loadExport(accounts, "rename"), [
    "chat admin rename bob robert",
  ]),
  remove: verbRow("Remove an account", loadExport(accounts, "remove"), ["chat admin remove bob"]),
  room: verbRow("Rename, close or remove a room", () => import("./admin/room.ts"), [
    "chat admin room rename lab workshop",
    "chat admin room close lab",
  ]),
  registration: verbRow(
    "Show, close or open registration",
    () => import("./admin/registration.ts"),
    ["chat admin registration closed"],
  ),
});
