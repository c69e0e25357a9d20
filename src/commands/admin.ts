/** `chat admin`, with the table of its subcommands. */

import { defineGroup, loadExport, verbRow } from "../cli/command.ts";

const lists = () => import("./admin/lists.ts");
const status = () => import("./admin/status.ts");
const people = () => import("./admin/people.ts");
const bans = () => import("./admin/bans.ts");
const invites = () => import("./admin/invites.ts");
const accounts = () => import("./admin/accounts.ts");

export const command = defineGroup({
  accounts: verbRow("List accounts", loadExport(lists, "accounts"), [
    "chat admin accounts",
    "chat admin accounts --sort seen --json",
  ]),
  rooms: verbRow("List rooms, largest first", loadExport(lists, "rooms"), ["chat admin rooms"]),
  files: verbRow("List files, largest first", loadExport(lists, "files"), [
    "chat admin files --find report",
  ]),
  clients: verbRow("List connections", loadExport(status, "clients"), ["chat admin clients"]),
  transfers: verbRow("List active transfers", loadExport(status, "transfers"), [
    "chat admin transfers",
  ]),
  cancel: verbRow("Cancel a transfer", loadExport(status, "cancel"), [
    "chat admin cancel fAB12CD34EF56GH78 bob",
  ]),
  clock: verbRow("Show or accept the server's clock", () => import("./admin/clock.ts"), [
    "chat admin clock",
    "chat admin clock accept",
  ]),
  stats: verbRow("Show server statistics", loadExport(status, "stats"), ["chat admin stats"]),
  log: verbRow("Show events and decisions", () => import("./admin/log.ts"), [
    "chat admin log",
    "chat admin log --since 30d --json",
  ]),
  announce: verbRow("Publish or withdraw an announcement", () => import("./admin/announce.ts"), [
    "chat admin announce 'We move at noon.'",
    "chat admin announce --withdraw",
  ]),
  kick: verbRow("Remove a user from a room", loadExport(people, "kick"), [
    "chat admin kick bob --room lab",
  ]),
  mute: verbRow("Mute a user in a room", loadExport(people, "mute"), [
    "chat admin mute bob --room lab --for 10m",
  ]),
  unmute: verbRow("Unmute a user", loadExport(people, "unmute"), [
    "chat admin unmute bob --room lab",
  ]),
  grant: verbRow(
    "Make a user an operator, or a moderator with --room",
    loadExport(people, "grant"),
    ["chat admin grant ana", "chat admin grant bob --room lab"],
  ),
  revoke: verbRow("Remove a user as operator or moderator", loadExport(people, "revoke"), [
    "chat admin revoke bob --room lab",
  ]),
  ban: verbRow("Ban an account or an address", loadExport(bans, "ban"), [
    "chat admin ban bob --for 2h --reason 'Cool down.'",
    "chat admin ban 192.0.2.9",
  ]),
  unban: verbRow("Unban an account or address", loadExport(bans, "unban"), [
    "chat admin unban bob",
  ]),
  bans: verbRow("List banned accounts and addresses", loadExport(bans, "bans"), [
    "chat admin bans",
  ]),
  erase: verbRow("Delete messages, or everything a user posted", () => import("./admin/erase.ts"), [
    "chat admin erase 12 13",
    "chat admin erase --user bob",
  ]),
  retention: verbRow(
    "Set how long a room keeps messages and files",
    () => import("./admin/retention.ts"),
    ["chat admin retention lab 90d", "chat admin retention lab off"],
  ),
  invite: verbRow("Create an invite", loadExport(invites, "invite"), [
    "chat admin invite --uses 20 --expires 7d",
    "chat admin invite --post build",
  ]),
  invites: verbRow("List or revoke invites", loadExport(invites, "invites"), [
    "chat admin invites",
    "chat admin invites --revoke ID",
  ]),
  reset: verbRow("Create a password reset code", loadExport(accounts, "reset"), [
    "chat admin reset bob --expires 2h",
  ]),
  "irc-password": verbRow(
    "Create, list or revoke passwords for a user's IRC clients",
    () => import("./admin/irc-password.ts"),
    [
      "chat admin irc-password ana --label WeeChat",
      "chat admin irc-password ana --list",
      "chat admin irc-password ana --revoke 57",
    ],
  ),
  "sign-out": verbRow("Sign out all devices of a user", loadExport(accounts, "signOut"), [
    "chat admin sign-out bob",
  ]),
  rename: verbRow("Rename an account", loadExport(accounts, "rename"), [
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
