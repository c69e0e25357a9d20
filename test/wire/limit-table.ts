/** The table "Limits" of PROTOCOL.md, derived from the source. */

import * as limits from "../../src/base/limits.ts";
import * as pageLimits from "../../src/base/limits-page.ts";

const MIB = 1024 * 1024;

function count(number: number): string {
  return number.toLocaleString("en-US");
}

function mib(bytes: number): string {
  return `${count(bytes / MIB)} MiB`;
}

/** @returns rows of subject and maximum */
export function limitTable(): string {
  const rows = [
    ["messages of a link before log-in", count(limits.MESSAGES_BEFORE_LOGIN_MAX)],
    [
      "messages of an account that are refused or have no effect",
      `${count(limits.IDLE_MESSAGES_PER_SECOND)} a second, ` +
        `${count(limits.IDLE_MESSAGES_BURST)} at once`,
    ],
    [
      "bytes of an account's sessions, without chunks",
      `${mib(limits.RECEIVED_BYTES_PER_SECOND)} a second, ` +
        `${mib(limits.RECEIVED_BYTES_BURST)} at once`,
    ],
    [
      "WebSocket pings and pongs of a link",
      `${limits.CONTROL_FRAMES_PER_SECOND} a second, ${limits.CONTROL_FRAMES_BURST} at once`,
    ],
    [
      "downloads over HTTP in progress",
      `${pageLimits.CONCURRENT_HTTP_DOWNLOADS_MAX} of a session, ` +
        `${limits.DATA_CHANNELS_PER_ACCOUNT_MAX} of an account; ` +
        `${pageLimits.ARCHIVES_PER_ACCOUNT_MAX} archives of an account, ` +
        `${pageLimits.CONCURRENT_ARCHIVES_MAX} of the server; ` +
        `memory of ${mib(pageLimits.DOWNLOADS_MEMORY_PER_ACCOUNT_MAX)} of an account, ` +
        `${mib(pageLimits.DOWNLOADS_MEMORY_MAX)} of the server ` +
        `(a file counts ${pageLimits.DOWNLOAD_MEMORY_BYTES / 1024} KiB, an entry of collected ` +
        `work ${pageLimits.COLLECTED_ENTRY_BYTES} bytes). At a limit of the server, the account ` +
        "with the most loses the one that was read longest ago",
    ],
    [
      "time in which a download's client reads 256 KiB",
      `${pageLimits.DOWNLOAD_STALL_MS / 60_000} minutes`,
    ],
    [
      "links of one address",
      `${limits.LINKS_BEFORE_LOGIN_PER_ADDRESS_MAX} before log-in, of which an idle one gives ` +
        `way; ${limits.LINKS_PER_ADDRESS_SHARE * 100} % of all in all; loopback exempt`,
    ],
    [
      "links of a server",
      `${count(limits.LINKS_MAX)}; ${count(limits.LINKS_BEFORE_LOGIN_MAX)} without a log-in, ` +
        "then the oldest gets `bye{too-many}`",
    ],
    [
      "guesses a minute at the server's password or at a room's",
      `${limits.SHARED_GUESSES_PER_MINUTE}, from all addresses; ` +
        `further ones wait up to ${limits.GUESS_DELAY_MAX_MS / 1000} s`,
    ],
    [
      "sessions, devices of an account",
      `${limits.SESSIONS_PER_ACCOUNT_MAX}, ${limits.DEVICES_PER_ACCOUNT_MAX}`,
    ],
    [
      "rooms of an account",
      `${count(limits.ROOMS_PER_ACCOUNT_MAX)}; ${limits.ROOMS_PER_HOUR_MAX} new ones an hour`,
    ],
    [
      "accounts registered from an address, or admitted by a member's invites",
      `${count(limits.ACCOUNTS_PER_ADDRESS_HOUR_MAX)} and ` +
        `${count(limits.ACCOUNTS_PER_INVITER_HOUR_MAX)} an hour; loopback exempt`,
    ],
    [
      "rooms, members of a room, accounts",
      [limits.ROOMS_MAX, limits.ROOM_MEMBERS_MAX, limits.ACCOUNTS_MAX].map(count).join(", "),
    ],
    ["unfinished uploads of an account", count(limits.UPLOADS_PER_ACCOUNT_MAX)],
  ];
  return [
    "| subject | maximum |",
    "|---|---|",
    ...rows.map((row) => `| ${row.join(" | ")} |`),
  ].join("\n");
}
