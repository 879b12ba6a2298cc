// What the scripts have in common: parts that are told one by one, and promises that must fail.
export async function part(name, run) {
  await run();
  console.log(`ok: ${name}`);
}

export async function refused(promise) {
  try {
    await promise;
  } catch (error) {
    return error;
  }

  throw new Error('was not refused');
}
