import {
  Component,
  type ComponentType,
  type ContextType,
  createElement,
  lazy,
  type ReactNode,
  Suspense,
} from "react";
import { PageContext } from "./page-context.tsx";

interface Closing {
  readonly onClose: () => void;
}

interface LaterProps extends Closing {
  readonly children: ReactNode;
}

/** What cannot be fetched, offline or since the server has another build, is told: no more. */
class Later extends Component<LaterProps> {
  static override readonly contextType = PageContext;
  declare context: ContextType<typeof PageContext>;
  override readonly state = { isMissing: false };

  static getDerivedStateFromError() {
    return { isMissing: true };
  }

  override componentDidCatch(): void {
    const { fail, texts } = this.context ?? {};
    this.props.onClose();
    fail?.(texts?.notFetched);
  }

  override render(): ReactNode {
    return this.state.isMissing ? null : <Suspense>{this.props.children}</Suspense>;
  }
}

function later<Props extends Closing>(load: () => Promise<ComponentType<Props>>) {
  const Fetched = lazy(async () => ({ default: await load() }));
  return (props: Props) => <Later onClose={props.onClose}>{createElement(Fetched, props)}</Later>;
}

/** What few open: fetched when somebody does. */
const Settings = later(async () => (await import("./settings-dialog.tsx")).SettingsDialog);
const Logout = later(async () => (await import("./settings-dialog.tsx")).LogoutDialog);
const Invite = later(async () => (await import("./invite-dialog.tsx")).InviteDialog);
const Help = later(async () => (await import("./help-dialog.tsx")).HelpDialog);
export const Viewer = later(async () => (await import("./viewer.tsx")).Viewer);
export const Search = later(async () => (await import("./search.tsx")).Search);
export const JoinDialog = later(async () => (await import("./room-dialogs.tsx")).JoinDialog);
export const RoomsDialog = later(async () => (await import("./room-dialogs.tsx")).RoomsDialog);
export const TopicDialog = later(async () => (await import("./room-dialogs.tsx")).TopicDialog);

type Render = (close: () => void) => ReactNode;

export const settingsDialog: Render = (close) => <Settings onClose={close} />;
export const logoutDialog: Render = (close) => <Logout onClose={close} />;
export const inviteDialog: Render = (close) => <Invite onClose={close} />;
export const helpDialog: Render = (close) => <Help onClose={close} />;
