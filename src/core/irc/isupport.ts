/** Tokens of RPL_ISUPPORT: exactly what the gateway implements. */

import { NAME_CHARS_MAX, TOPIC_BYTES_MAX } from "../../base/limits.ts";

export const TARGETS_MAX = 4;
export const MONITOR_MAX = 100;
export const HISTORY_MAX = 1_000;
export const AWAY_BYTES_MAX = 200;

export const ISUPPORT_TOKENS: readonly string[] = [
  `AWAYLEN=${AWAY_BYTES_MAX}`,
  "CASEMAPPING=ascii",
  `CHANLIMIT=#:1000`,
  "CHANMODES=b,k,,mn",
  `CHANNELLEN=${NAME_CHARS_MAX + 1}`,
  "CHANTYPES=#",
  `CHATHISTORY=${HISTORY_MAX}`,
  "EXTBAN=,m",
  "CLIENTTAGDENY=*,-draft/react,-draft/reply,-draft/unreact,-react,-reply,-typing,-unreact",
  `KICKLEN=${TOPIC_BYTES_MAX}`,
  "MAXLIST=b:1000",
  "MODES=1",
  `MONITOR=${MONITOR_MAX}`,
  "MSGREFTYPES=msgid,timestamp",
  `NICKLEN=${NAME_CHARS_MAX}`,
  "PREFIX=(o)@",
  "SAFELIST",
  "SAFERATE",
  `TARGMAX=KICK:1,LIST:,NAMES:1,NOTICE:${TARGETS_MAX},PRIVMSG:${TARGETS_MAX},TAGMSG:${TARGETS_MAX}`,
  `TOPICLEN=${TOPIC_BYTES_MAX}`,
  "UTF8ONLY",
  "WHOX",
];
