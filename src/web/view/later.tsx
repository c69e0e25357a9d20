import { lazy, type ReactNode, Suspense } from "react";

/** Dialogs that few open: fetched when somebody does. */

const Settings = lazy(async () => ({
  default: (await import("./settings-dialog.tsx")).SettingsDialog,
}));
const Logout = lazy(async () => ({
  default: (await import("./settings-dialog.tsx")).LogoutDialog,
}));
const Invite = lazy(async () => ({ default: (await import("./invite-dialog.tsx")).InviteDialog }));
const Help = lazy(async () => ({ default: (await import("./help-dialog.tsx")).HelpDialog }));

type Render = (close: () => void) => ReactNode;

export const settingsDialog: Render = (close) => (
  <Suspense>
    <Settings onClose={close} />
  </Suspense>
);

export const logoutDialog: Render = (close) => (
  <Suspense>
    <Logout onClose={close} />
  </Suspense>
);

export const inviteDialog: Render = (close) => (
  <Suspense>
    <Invite onClose={close} />
  </Suspense>
);

export const helpDialog: Render = (close) => (
  <Suspense>
    <Help onClose={close} />
  </Suspense>
);
