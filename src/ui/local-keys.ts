/** Keys of the page's values in the browser's local storage. */

export const SETTINGS_KEY = "chat.settings";
/** True once this browser has had an account, so that its users get no empty sign-in form first. */
export const KNOWN_KEY = "chat.known";
/** In the session storage of a tab whose account was just forgotten. */
export const FORGOTTEN_KEY = "chat.forgotten";
