/** English texts for the alarm after a failed audit of the server's log. */

export const ENGLISH_ALARM = {
  alarmTitle: "This server's history has been altered",
  alarmStopped:
    "Sending is blocked. Ask the server's owner, outside this chat, what happened, and compare " +
    "with other users: chat verify --words.",
  alarmEvidence: "Save evidence",
  alarmAccept: "The owner confirmed it…",
  alarmAcceptAsk:
    "Accept the server's current history? The previous history will no longer be checked.",
  alarmAcceptNow: "Accept and reload",
};
