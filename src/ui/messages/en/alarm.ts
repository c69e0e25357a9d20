/** English texts of the alarm after a failed audit of the server's log. */

export const ENGLISH_ALARM = {
  alarmTitle: "The history of this server is not the one that this browser has seen",
  alarmStopped:
    "Nothing more is sent. Ask the server's owner, by another way than this chat, what has " +
    "happened, and compare with others: chat verify --words.",
  alarmEvidence: "Save the evidence",
  alarmAccept: "The owner says it is right…",
  alarmAcceptAsk:
    "Accept the history that the server shows now? What was before is not checked any more.",
  alarmAcceptNow: "Accept it, and reload",
};
