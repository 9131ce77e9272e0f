// One tab at a time. Where there are no Web Locks (a page without TLS, an old browser, an iframe that is refused storage)
// tabs are not told apart: the contract stands that, because a message is stored once by its id.

export async function exclusively<T>(name: string, task: () => Promise<T>): Promise<T> {
  if (!navigator.locks) return task();
  let hasBegun = false;
  const begin = () => {
    hasBegun = true;
    return task();
  };
  try {
    // The types of the DOM library lose what the task answers.
    return (await navigator.locks.request(name, begin)) as T;
  } catch (error) {
    // Refused before it began: an iframe without access to storage gets no locks either.
    if (hasBegun) throw error;
    return task();
  }
}
