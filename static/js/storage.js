/**
 * `storage("sessionStorage")` gives a function that does some work with it and returns the result. Where the browser
 * keeps nothing (a private window, a full disk), that is null, and the page works without.
 */
export const storage = (name) => (work) => {
  try {
    return work(globalThis[name]);
  } catch {
    return null;
  }
};
