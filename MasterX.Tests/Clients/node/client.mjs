// OpenAI's own client for Node against a server given by BASE_URL and API_KEY: everything it is used for, with nothing changed but these two.
// Prints one line per part; exits with 1 at the first that is not as the client expects.
import assert from 'node:assert/strict';
import OpenAI from 'openai';
import { part, refused } from './parts.mjs';

const { BASE_URL: baseURL, API_KEY: apiKey, MODEL: model, EMBEDDING_MODEL: embeddingModel } = process.env;
const client = new OpenAI({ baseURL, apiKey, maxRetries: 0 });
const messages = [{ role: 'user', content: 'hello' }];
const weather = { type: 'function', function: { name: 'weather', parameters: { type: 'object', properties: { city: { type: 'string' } } } } };

await part('completion', async () => {
  const completion = await client.chat.completions.create({ model, messages });
  assert.match(completion.choices[0].message.content, /hello/);
  assert.equal(completion.choices[0].finish_reason, 'stop');
  assert.ok(completion.usage.completion_tokens > 0);
});

await part('stream with usage', async () => {
  let text = '', usage = null, finish = null;
  for await (const chunk of await client.chat.completions.create({ model, messages, stream: true, stream_options: { include_usage: true } })) {
    text += chunk.choices[0]?.delta?.content ?? '';
    finish = chunk.choices[0]?.finish_reason ?? finish;
    usage = chunk.usage ?? usage;
  }

  assert.match(text, /hello/);
  assert.equal(finish, 'stop');
  assert.ok(usage.total_tokens > 0);
});

await part('stream helper puts the message together', async () => {
  const stream = client.chat.completions.stream({ model, messages });
  const whole = await stream.finalMessage();
  assert.match(whole.content, /hello/);
});

await part('tools, plain and streamed', async () => {
  const completion = await client.chat.completions.create({ model, messages, tools: [weather] });
  assert.equal(completion.choices[0].finish_reason, 'tool_calls');
  assert.deepEqual(JSON.parse(completion.choices[0].message.tool_calls[0].function.arguments), { city: 'emulated' });

  const call = completion.choices[0].message;
  const after = await client.chat.completions.create({ model, messages: [...messages, call, { role: 'tool', tool_call_id: call.tool_calls[0].id, content: 'sunny' }], tools: [weather] });
  assert.match(after.choices[0].message.content, /./);

  const streamed = await client.chat.completions.stream({ model, messages, tools: [weather] }).finalMessage();
  assert.equal(streamed.tool_calls[0].function.name, 'weather');
});

await part('JSON schema', async () => {
  const schema = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] };
  const completion = await client.chat.completions.create({ model, messages, response_format: { type: 'json_schema', json_schema: { name: 'city', schema } } });
  assert.equal(typeof JSON.parse(completion.choices[0].message.content).city, 'string');
});

await part('models', async () => {
  const models = [];
  for await (const one of client.models.list()) models.push(one.id);
  assert.ok(models.length > 0);
  assert.equal((await client.models.retrieve(model)).id, model);
});

await part('embeddings', async () => {
  // Without encoding_format the client asks for base64 and decodes it.
  const answer = await client.embeddings.create({ model: embeddingModel, input: ['one', 'two'] });
  assert.equal(answer.data.length, 2);
  assert.equal(typeof answer.data[0].embedding[0], 'number');
});

if (process.env.RESPONSES_MODEL) {
  await part('responses, plain and streamed', async () => {
    const request = { model: process.env.RESPONSES_MODEL, input: 'hello' };
    const response = await client.responses.create(request);
    assert.match(response.output_text, /hello/);

    let text = '', completed = null;
    for await (const event of await client.responses.create({ ...request, stream: true })) {
      if (event.type === 'response.output_text.delta') text += event.delta;
      if (event.type === 'response.completed') completed = event.response;
    }

    assert.match(text, /hello/);
    assert.ok(completed.usage.output_tokens > 0);
  });
}

await part('errors 400, 401 and 404 are the client\'s own classes', async () => {
  const bad = await refused(client.chat.completions.create({ model, messages: [] }));
  assert.ok(bad instanceof OpenAI.BadRequestError, String(bad));
  assert.equal(bad.param, 'messages');

  const stranger = new OpenAI({ baseURL, apiKey: 'not-the-key-of-anyone', maxRetries: 0 });
  assert.ok(await refused(stranger.chat.completions.create({ model, messages })) instanceof OpenAI.AuthenticationError);

  const unknown = await refused(client.chat.completions.create({ model: 'no-such-model', messages }));
  assert.ok(unknown instanceof OpenAI.NotFoundError, String(unknown));
  assert.equal(unknown.code, 'model_not_found');
});

await part('a stream that is given up', async () => {
  const stream = await client.chat.completions.create({ model, messages, stream: true });
  for await (const chunk of stream) {
    assert.ok(chunk.id);
    break;
  }

  assert.ok(stream.controller.signal.aborted);
  assert.match((await client.chat.completions.create({ model, messages })).choices[0].message.content, /hello/);
});
