// The frameworks that people build with, against a server given by BASE_URL and API_KEY: Vercel's ai, LangChain and OpenAI's agents, through each
// of the server's three doors. Prints one line per part; exits with 1 at the first that is not as the framework expects.
import assert from 'node:assert/strict';
import { createAnthropic } from '@ai-sdk/anthropic';
import { createOpenAI } from '@ai-sdk/openai';
import { ChatAnthropic } from '@langchain/anthropic';
import { HumanMessage, ToolMessage } from '@langchain/core/messages';
import { tool as langChainTool } from '@langchain/core/tools';
import { ChatOpenAI } from '@langchain/openai';
import { Agent, OpenAIChatCompletionsModel, OpenAIResponsesModel, run, setTracingDisabled, tool as agentTool } from '@openai/agents';
import { generateText, stepCountIs, streamText, tool } from 'ai';
import OpenAI from 'openai';
import { z } from 'zod';
import { part } from './parts.mjs';

const { BASE_URL: baseURL, API_KEY: apiKey, MODEL: model } = process.env;
const prompt = 'hello';
const inputSchema = z.object({ city: z.string() });
const png = Uint8Array.from(atob('iVBORw0KGgo='), sign => sign.charCodeAt(0));

const openai = createOpenAI({ baseURL, apiKey });
const anthropic = createAnthropic({ baseURL, apiKey });
globalThis.AI_SDK_LOG_WARNINGS = false;
for (const [door, of] of [['chat', openai.chat(model)], ['responses', openai.responses(model)], ['messages', anthropic(model)]]) {
  const asked = [];
  const tools = { weather: tool({ description: 'Tells the weather', inputSchema, execute: input => (asked.push(input.city), 'sunny') }) };
  // Kept by nobody, so that the whole conversation is sent each time.
  const common = { model: of, maxRetries: 0, providerOptions: { openai: { store: false } } };

  await part(`ai through ${door}: text, stream and image`, async () => {
    const { text, usage, finishReason } = await generateText({ ...common, prompt });
    assert.match(text, /hello/);
    assert.equal(finishReason, 'stop');
    assert.ok(usage.outputTokens > 0);

    let streamed = '';
    const stream = streamText({ ...common, prompt, onError({ error }) { throw error; } });
    for await (const piece of stream.textStream) streamed += piece;
    assert.match(streamed, /hello/);
    assert.equal(await stream.finishReason, 'stop');

    const content = [{ type: 'text', text: prompt }, { type: 'image', image: png, mediaType: 'image/png' }];
    assert.match((await generateText({ ...common, messages: [{ role: 'user', content }] })).text, /hello/);
  });

  await part(`ai through ${door}: a loop of tool calls`, async () => {
    const whole = await generateText({ ...common, prompt, tools, stopWhen: stepCountIs(3) });
    const streamed = streamText({ ...common, prompt, tools, stopWhen: stepCountIs(3), onError({ error }) { throw error; } });
    assert.deepEqual([whole.steps.length, (await streamed.steps).length], [2, 2]);
    assert.match(whole.text + await streamed.text, /./);
    assert.deepEqual(asked, ['emulated', 'emulated']);
  });

  await part(`ai through ${door}: given up`, async () => {
    const controller = new AbortController();
    const stream = streamText({ ...common, prompt, abortSignal: controller.signal, onError() {} });
    for await (const _ of stream.textStream) {
      controller.abort();
      break;
    }

    assert.match((await generateText({ ...common, prompt })).text, /hello/);
  });
}

const weather = langChainTool(() => 'sunny', { name: 'weather', description: 'Tells the weather', schema: inputSchema });
const textOf = message => typeof message.content === 'string' ? message.content : message.content.map(block => block.text ?? '').join('');
for (const [door, of] of [
  ['chat', new ChatOpenAI({ model, apiKey, configuration: { baseURL }, maxRetries: 0, useResponsesApi: false })],
  ['responses', new ChatOpenAI({ model, apiKey, configuration: { baseURL }, maxRetries: 0, useResponsesApi: true, zdrEnabled: true })],
  ['messages', new ChatAnthropic({ model, apiKey, anthropicApiUrl: baseURL.replace(/\/v1\/?$/, ''), maxRetries: 0, maxTokens: 2000 })],
]) {
  await part(`LangChain through ${door}`, async () => {
    assert.match(textOf(await of.invoke(prompt)), /hello/);

    let streamed = '';
    for await (const piece of await of.stream(prompt)) streamed += textOf(piece);
    assert.match(streamed, /hello/);

    const bound = of.bindTools([weather]);
    const asked = await bound.invoke(prompt);
    assert.deepEqual([asked.tool_calls.length, asked.tool_calls[0].name, asked.tool_calls[0].args], [1, 'weather', { city: 'emulated' }]);
    const after = await bound.invoke([new HumanMessage(prompt), asked, new ToolMessage({ content: 'sunny', tool_call_id: asked.tool_calls[0].id })]);
    assert.equal(after.tool_calls.length, 0);
    assert.match(textOf(after), /./);
  });
}

setTracingDisabled(true);
const client = new OpenAI({ baseURL, apiKey, maxRetries: 0 });
for (const [door, of] of [['chat', new OpenAIChatCompletionsModel(client, model)], ['responses', new OpenAIResponsesModel(client, model)]]) {
  await part(`agents through ${door}`, async () => {
    const cities = [];
    const parameters = inputSchema;
    const tools = [agentTool({ name: 'weather', description: 'Tells the weather', parameters, execute: ({ city }) => (cities.push(city), 'sunny') })];
    const agent = new Agent({ name: 'Assistant', instructions: 'Be brief.', model: of, tools, modelSettings: { store: false } });

    assert.match((await run(agent, prompt)).finalOutput, /./);
    const streamed = await run(agent, prompt, { stream: true });
    await streamed.completed;
    assert.match(streamed.finalOutput, /./);
    assert.deepEqual(cities, ['emulated', 'emulated']);
  });
}
