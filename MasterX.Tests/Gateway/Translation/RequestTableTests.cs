using System.Text.Json;
using MasterX.AiGateway.Providers;
using MasterX.Tests.Hosts;

namespace MasterX.Tests.Gateway.Translation;

/// <summary>
/// What becomes of each field of a request on its way to another format: it is said there (a path and its value), listed as ignored
/// (<c>~name</c>), or refused by its name so that another candidate is asked (<c>!name</c>). Nothing is left out without a word.
/// </summary>
public sealed class RequestTableTests
{
    private const string User = """{"role":"user","content":"x"}""";
    private const string Tools = ""","tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object"}}},{"type":"function","function":{"name":"g"}}]""";
    private const string Called = """{"role":"user","content":"x"},{"role":"assistant","content":null,"tool_calls":[{"id":"c.1","type":"function","function":{"name":"f","arguments":""}}]}""";

    /// <summary>Fields of a chat beside <c>messages</c>: what Gemini gets, and what Anthropic gets.</summary>
    public static TheoryData<string, string, string> ChatFields => new()
    {
        { "\"temperature\":1.5", "generationConfig.temperature=1.5", "temperature=1" },
        { "\"top_p\":0.5", "generationConfig.topP=0.5", "top_p=0.5" },
        { "\"temperature\":0.5,\"top_p\":0.5", "generationConfig.topP=0.5", "~top_p" },
        { "\"top_k\":4", "generationConfig.topK=4", "top_k=4" },
        { "\"max_tokens\":7", "generationConfig.maxOutputTokens=7", "max_tokens=7" },
        { "\"max_tokens\":7,\"max_completion_tokens\":null", "generationConfig.maxOutputTokens=7", "max_tokens=7" },
        { "\"max_completion_tokens\":8,\"max_tokens\":7", "generationConfig.maxOutputTokens=8", "max_tokens=8" },
        { "\"stop\":\"a\"", "generationConfig.stopSequences.0=a", "stop_sequences.0=a" },
        { "\"stop\":[\" \",\"b\"]", "generationConfig.stopSequences.1=b", "stop_sequences.0=b" },
        { "\"stop\":[\" \"]", "generationConfig.stopSequences.0= ", "~stop" },
        { "\"stop\":null", "generationConfig={}", "stop_sequences=" },
        { "\"n\":1", "generationConfig={}", "messages.0.role=user" },
        { "\"n\":2", "generationConfig.candidateCount=2", "!n" },
        { "\"seed\":9", "generationConfig.seed=9", "~seed" },
        { "\"presence_penalty\":0.5", "generationConfig.presencePenalty=0.5", "~presence_penalty" },
        { "\"frequency_penalty\":0.5", "generationConfig.frequencyPenalty=0.5", "~frequency_penalty" },
        { "\"logprobs\":true,\"top_logprobs\":3", "generationConfig.logprobs=3", "~top_logprobs" },
        { "\"logprobs\":true", "~logprobs", "~logprobs" },
        { "\"logit_bias\":{\"1\":-100}", "!logit_bias", "!logit_bias" },
        { "\"logit_bias\":null", "generationConfig={}", "messages.0.role=user" },
        { "\"user\":\"u-1\"", "~user", "metadata.user_id=u-1" },
        { "\"user\":\"someone@example.com\"", "~user", "~user" },
        { "\"user\":\"+41 79 123 45 67\"", "~user", "~user" },
        { "\"response_format\":{\"type\":\"text\"}", "generationConfig={}", "output_config=" },
        { "\"response_format\":{\"type\":\"json_object\"}", "generationConfig.responseMimeType=application/json", "system^=Answer with a single valid JSON object" },
        { "\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"n\",\"strict\":true,\"schema\":{\"type\":\"object\"}}}", "generationConfig.responseJsonSchema.type=object", "output_config.format.schema.type=object" },
        { "\"reasoning_effort\":\"low\"", "generationConfig.thinkingConfig.thinkingBudget=1024", "output_config.effort=low" },
        { "\"reasoning_effort\":\"none\"", "generationConfig.thinkingConfig.thinkingBudget=0", "thinking=" },
        { "\"reasoning\":{\"max_tokens\":2000}", "generationConfig.thinkingConfig.thinkingBudget=2000", "output_config.effort=low" },
        { "\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":3000}", "generationConfig.thinkingConfig.thinkingBudget=3000", "thinking.type=adaptive" },
        { "\"extra_body\":{\"google\":{\"thinking_config\":{\"thinking_budget\":5,\"include_thoughts\":false}}}", "generationConfig.thinkingConfig={\"thinkingBudget\":5}", "~extra_body" },
        { "\"parallel_tool_calls\":false" + Tools, "~parallel_tool_calls", "tool_choice.disable_parallel_tool_use=True" },
        { "\"tool_choice\":null" + Tools, "toolConfig=", "tool_choice=" },
        { "\"tool_choice\":\"required\"" + Tools, "toolConfig.functionCallingConfig.mode=ANY", "tool_choice.type=any" },
        { "\"tool_choice\":\"none\"" + Tools, "toolConfig.functionCallingConfig.mode=NONE", "tool_choice.type=none" },
        { "\"tool_choice\":{\"type\":\"function\",\"function\":{\"name\":\"g\"}}" + Tools, "toolConfig.functionCallingConfig.allowedFunctionNames.0=g", "tool_choice.name=g" },
        { "\"tool_choice\":{\"type\":\"allowed_tools\",\"allowed_tools\":{\"mode\":\"auto\",\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"g\"}}]}}" + Tools, "tools.0.functionDeclarations.0.name=g", "tools.0.name=g" },
        { "\"functions\":[{\"name\":\"f\"}],\"function_call\":{\"name\":\"f\"}", "toolConfig.functionCallingConfig.mode=ANY", "tool_choice.name=f" },
        { "\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\",\"parameters\":{\"properties\":{}}}}]", "tools.0.functionDeclarations.0.parametersJsonSchema.properties={}", "tools.0.input_schema.type=object" },
        { "\"tools\":[{\"type\":\"function\",\"cache_control\":{\"type\":\"ephemeral\",\"ttl\":\"1h\"},\"function\":{\"name\":\"f\"}}]", "~cache_control", "tools.0.cache_control.ttl=1h" },
        { "\"tools\":[{\"type\":\"custom\",\"custom\":{\"name\":\"f\",\"description\":\"d\"}}]", "tools.0.functionDeclarations.0.parametersJsonSchema.required.0=input", "tools.0.description=d" },
        { "\"tools\":[{\"type\":\"custom\",\"custom\":{\"name\":\"f\",\"format\":{\"type\":\"grammar\",\"grammar\":{\"syntax\":\"regex\",\"definition\":\"a+\"}}}}]", "tools.0.functionDeclarations.0.description=`input` must follow this grammar (regex):\na+", "tools.0.input_schema.properties.input.type=string" },
        { "\"tools\":[{\"type\":\"custom\",\"custom\":{\"name\":\"f\"}}],\"tool_choice\":{\"type\":\"custom\",\"custom\":{\"name\":\"f\"}}", "toolConfig.functionCallingConfig.allowedFunctionNames.0=f", "tool_choice.name=f" },
        { "\"tools\":[{\"type\":\"hologram\"}]", "!tools", "!tools" },
        { "\"modalities\":[\"text\",\"image\"]", "generationConfig.responseModalities.1=IMAGE", "!modalities" },
        { "\"modalities\":[\"text\"]", "generationConfig={}", "messages.0.role=user" },
        { "\"audio\":{\"voice\":\"v\",\"format\":\"wav\"}", "!audio", "!audio" },
        { "\"web_search_options\":{\"search_context_size\":\"low\"}", "!web_search_options", "!web_search_options" },
        { "\"metadata\":{\"a\":\"b\"}", "~metadata", "~metadata" },
        { "\"store\":true", "~store", "~store" },
        { "\"service_tier\":\"flex\"", "~service_tier", "~service_tier" },
        { "\"prompt_cache_key\":\"k\"", "~prompt_cache_key", "~prompt_cache_key" },
        { "\"stream_options\":{\"include_usage\":true}", "~stream_options", "~stream_options" },
        { "\"something_new\":1", "!something_new", "!something_new" },
        { "\"temperature\":\"hot\"", "!temperature", "!temperature" },
    };

    [Theory]
    [MemberData(nameof(ChatFields))]
    public void A_field_of_a_chat_is_said_listed_or_refused(string field, string gemini, string anthropic)
    {
        var body = $$"""{"messages":[{{User}}],{{field}}}""";

        Expect(gemini, "gemini", "chat", body);
        Expect(anthropic, "anthropic", "chat", body);
    }

    /// <summary>Messages of a chat.</summary>
    public static TheoryData<string, string, string> ChatMessages => new()
    {
        { """{"role":"system","content":"s"}""", "contents.0.parts.0.text=s", "messages.0.content.0.text=s" },
        { $$"""{"role":"system","content":"s"},{"role":"developer","content":[{"type":"text","text":"d"}]},{{User}}""", "systemInstruction.parts.1.text=d", "system=s\n\nd" },
        { $$$$"""{"role":"system","content":[{"type":"text","text":"s","cache_control":{"type":"ephemeral"}}]},{{{{User}}}}""", "~cache_control", "system.0.cache_control.type=ephemeral" },
        { $$"""{{User}},{"role":"assistant","content":""},{"role":"user","content":"y"}""", "contents.0.parts.1.text=y", "messages.0.content.1.text=y" },
        { """{"role":"user","content":""}""", "!messages", "!messages" },
        { """{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/jpg;base64,AAAA"}}]}""", "contents.0.parts.0.inlineData.mimeType=image/jpeg", "messages.0.content.0.source.media_type=image/jpeg" },
        { """{"role":"user","content":[{"type":"image_url","image_url":"https://example.com/a.webp?x=1"}]}""", "contents.0.parts.0.fileData.mimeType=image/webp", "messages.0.content.0.source.url=https://example.com/a.webp?x=1" },
        { """{"role":"user","content":[{"type":"input_audio","input_audio":{"data":"AAAA","format":"mp3"}}]}""", "contents.0.parts.0.inlineData.mimeType=audio/mp3", "!messages" },
        { """{"role":"user","content":[{"type":"file","file":{"filename":"a.pdf","file_data":"data:application/pdf;base64,AAAA"}}]}""", "contents.0.parts.0.inlineData.mimeType=application/pdf", "messages.0.content.0.source.media_type=application/pdf" },
        { """{"role":"user","content":[{"type":"file","file":{"file_id":"file-1"}}]}""", "!messages", "messages.0.content.0.source.file_id=file-1" },
        { """{"role":"user","content":[{"type":"video_url","video_url":{"url":"https://example.com/a.mp4"}}]}""", "contents.0.parts.0.fileData.mimeType=video/mp4", "!messages" },
        { """{"role":"user","content":[{"type":"hologram"}]}""", "!messages", "!messages" },
        { """{"role":"narrator","content":"x"}""", "!messages", "!messages" },
        { """{"role":"user","content":"x","annotations":[]}""", "~messages.annotations", "~messages.annotations" },
        { """{"role":"user","content":"x","something":1}""", "!messages", "!messages" },
        { $$"""{{Called}},{"role":"tool","tool_call_id":"c.1","content":"ok"}""", "contents.2.parts.0.functionResponse.response.result=ok", "messages.2.content.0.content=ok" },
        { $$"""{{Called}},{"role":"tool","tool_call_id":"c.1","content":"ok"}""", "contents.1.parts.0.functionCall.args={}", "messages.1.content.0.input={}" },
        { $$$$"""{{{{Called}}}},{"role":"tool","tool_call_id":"c.1","content":[{"type":"text","text":"a"},{"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA"}}]}""", "contents.2.parts.1.inlineData.data=AAAA", "messages.2.content.0.content.1.source.data=AAAA" },
        { $$"""{{Called}},{"role":"tool","tool_call_id":"c.1","content":"bad","is_error":true}""", "contents.2.parts.0.functionResponse.response.error=bad", "messages.2.content.0.is_error=True" },
        { $$"""{{Called}},{"role":"tool","tool_call_id":"c.1","content":"ok"},{"role":"user","content":"go on"}""", "contents.2.parts.1.text=go on", "messages.2.content.1.text=go on" },
        { """{"role":"user","content":"x"},{"role":"assistant","function_call":{"name":"f","arguments":"{}"}},{"role":"function","name":"f","content":"1"}""", "contents.2.parts.0.functionResponse.name=f", "messages.2.content.0.content=1" },
        { """{"role":"user","content":"x"},{"role":"assistant","tool_calls":[{"id":"a","type":"custom","custom":{"name":"f","input":"a\"b"}}]},{"role":"tool","tool_call_id":"a","content":"1"}""", "contents.1.parts.0.functionCall.args.input=a\"b", "messages.1.content.0.input.input=a\"b" },
        { """{"role":"user","content":"x"},{"role":"assistant","tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":"{\"a\":\"\\\\\\ud83d\\ud83d\\ude00\"}"}}]},{"role":"tool","tool_call_id":"a","content":"1"}""", "contents.1.parts.0.functionCall.args.a=\\\uFFFD😀", "messages.1.content.0.input.a=\\\uFFFD😀" },
        { """{"role":"user","content":"x"},{"role":"assistant","content":"y","images":[{"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA"}}]}""", "contents.1.parts.1.inlineData.data=AAAA", "~messages.images" },
        { """{"role":"user","content":"x"},{"role":"assistant","content":"y","images":[{"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA"}}]}""", "contents.1.parts.0.text=y", "messages.1.content.1=" },
        { """{"role":"user","content":"x"},{"role":"assistant","content":null,"audio":{"id":"a","data":"UklGRAAA","transcript":"said"}},{"role":"user","content":"z"}""", "contents.1.parts.1.inlineData.mimeType=audio/wav", "~messages.audio" },
        { """{"role":"user","content":"x"},{"role":"assistant","content":null,"audio":{"id":"a","data":"UklGRAAA","transcript":"said"}},{"role":"user","content":"z"}""", "contents.1.parts.0.text=said", "messages.1.content.0.text=said" },
        { """{"role":"user","content":"x"},{"role":"assistant","audio":{"id":"a"}},{"role":"user","content":"z"}""", "~messages.audio", "~messages.audio" },
        { """{"role":"tool","tool_call_id":"unknown","content":"1"}""", "!messages", "messages.0.content.0.tool_use_id=unknown" },
        { """{"role":"user","content":"x"},{"role":"assistant","content":null,"refusal":"no"}""", "contents.1.parts.0.text=no", "messages.1.content.0.text=no" },
        { """{"role":"user","content":"x"},{"role":"assistant","content":"y","reasoning_content":"hm"}""", "~messages.reasoning", "~messages.reasoning" },
        { """{"role":"user","content":"x"},{"role":"assistant","content":"the beginning \n"}""", "contents.1.parts.0.text=the beginning \n", "messages.1.content.0.text=the beginning \n" },
    };

    [Theory]
    [MemberData(nameof(ChatMessages))]
    public void A_message_of_a_chat_is_said_listed_or_refused(string messages, string gemini, string anthropic)
    {
        var body = $$"""{"messages":[{{messages}}]}""";

        Expect(gemini, "gemini", "chat", body);
        Expect(anthropic, "anthropic", "chat", body);
    }

    /// <summary>Fields of Anthropic's messages: what Gemini gets, and what a provider of OpenAI's format gets.</summary>
    public static TheoryData<string, string, string> MessageFields => new()
    {
        { "\"system\":\"s\"", "systemInstruction.parts.0.text=s", "messages.0.role=system" },
        { "\"system\":[{\"type\":\"text\",\"text\":\"s\",\"cache_control\":{\"type\":\"ephemeral\"}}]", "~cache_control", "~cache_control" },
        { "\"temperature\":0.5", "generationConfig.temperature=0.5", "temperature=0.5" },
        { "\"top_k\":3", "generationConfig.topK=3", "~top_k" },
        { "\"stop_sequences\":[\"a\"]", "generationConfig.stopSequences.0=a", "stop.0=a" },
        { "\"metadata\":{\"user_id\":\"u\"}", "~user", "user=u" },
        { "\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":2000}", "generationConfig.thinkingConfig.thinkingBudget=2000", "~thinking" },
        { "\"thinking\":{\"type\":\"disabled\"}", "generationConfig.thinkingConfig.thinkingBudget=0", "reasoning_effort=" },
        { "\"tools\":[{\"name\":\"f\",\"description\":\"d\",\"input_schema\":{\"type\":\"object\"}}],\"tool_choice\":{\"type\":\"any\",\"disable_parallel_tool_use\":true}", "toolConfig.functionCallingConfig.mode=ANY", "parallel_tool_calls=False" },
        { "\"tools\":[{\"name\":\"f\",\"input_schema\":{\"type\":\"object\"}}],\"tool_choice\":{\"type\":\"tool\",\"name\":\"f\"}", "toolConfig.functionCallingConfig.allowedFunctionNames.0=f", "tool_choice.function.name=f" },
        { "\"tools\":[{\"type\":\"web_search_20250305\",\"name\":\"web_search\",\"max_uses\":5}]", "tools.0.googleSearch={}", "!tools" },
        { "\"tools\":[{\"type\":\"web_search_20250305\",\"name\":\"web_search\",\"max_uses\":5}]", "~tools.max_uses", "!tools" },
        { "\"tools\":[{\"type\":\"web_search_20250305\",\"name\":\"web_search\",\"allowed_domains\":[\"example.com\"]}]", "!tools", "!tools" },
        { "\"tools\":[{\"type\":\"web_search_20250305\",\"name\":\"web_search\"}],\"tool_choice\":{\"type\":\"tool\",\"name\":\"web_search\"}", "!tool_choice", "!tool_choice" },
        { "\"tools\":[{\"type\":\"web_search_20250305\",\"name\":\"web_search\"},{\"name\":\"f\",\"input_schema\":{\"type\":\"object\"}}]", "~tools.web_search_20250305", "~tools.web_search_20250305" },
        { "\"tools\":[{\"type\":\"tool_search_tool_regex_20251119\",\"name\":\"tool_search_tool_regex\"},{\"name\":\"f\",\"input_schema\":{\"type\":\"object\"}}]", "tools.0.functionDeclarations.0.name=f", "tools.0.function.name=f" },
        { "\"tools\":[{\"type\":\"code_execution_20250825\",\"name\":\"code_execution\"}]", "!tools", "!tools" },
        { "\"tools\":[{\"type\":\"bash_20250124\",\"name\":\"bash\"}]", "tools.0.functionDeclarations.0.parametersJsonSchema.properties.command.type=string", "tools.0.function.name=bash" },
        { "\"tools\":[{\"type\":\"text_editor_20250728\",\"name\":\"str_replace_based_edit_tool\"}]", "tools.0.functionDeclarations.0.parametersJsonSchema.properties.insert_text.type=string", "tools.0.function.parameters.properties.new_str.type=string" },
        { "\"tools\":[{\"type\":\"text_editor_20250124\",\"name\":\"str_replace_editor\"}]", "tools.0.functionDeclarations.0.parametersJsonSchema.properties.command.enum.4=undo_edit", "tools.0.function.parameters.properties.insert_text=" },
        { "\"tools\":[{\"name\":\"f\",\"description\":\"d\",\"input_schema\":{\"type\":\"object\"},\"input_examples\":[{\"a\":1}]}]", "tools.0.functionDeclarations.0.description=d\n\nExamples of its input:\n{\"a\":1}", "tools.0.function.description^=d\n\nExamples" },
        { "\"output_config\":{\"format\":{\"type\":\"json_schema\",\"schema\":{\"type\":\"object\"}}}", "generationConfig.responseJsonSchema.type=object", "response_format.json_schema.strict=True" },
        { "\"tools\":[{\"name\":\"f\",\"input_schema\":{\"type\":\"object\"},\"defer_loading\":true}]", "~tools.defer_loading", "~tools.defer_loading" },
        { "\"service_tier\":\"auto\"", "~service_tier", "~service_tier" },
        { "\"context_management\":{}", "~context_management", "~context_management" },
        { "\"mcp_servers\":[]", "~mcp_servers", "~mcp_servers" },
        { "\"mcp_servers\":[{}]", "!mcp_servers", "!mcp_servers" },
        { "\"container\":\"c\"", "!container", "!container" },
    };

    [Theory]
    [MemberData(nameof(MessageFields))]
    public void A_field_of_a_message_is_said_listed_or_refused(string field, string gemini, string chat)
    {
        var body = $$"""{"max_tokens":50,"messages":[{{User}}],{{field}}}""";

        Expect(gemini, "gemini", "messages", body);
        Expect(chat, "chat", "messages", body);
    }

    /// <summary>Blocks of Anthropic's messages.</summary>
    public static TheoryData<string, string, string> MessageBlocks => new()
    {
        { """{"role":"user","content":[{"type":"image","source":{"type":"base64","media_type":"image/png","data":"AAAA"}}]}""", "contents.0.parts.0.inlineData.data=AAAA", "messages.0.content.0.image_url.url=data:image/png;base64,AAAA" },
        { """{"role":"user","content":[{"type":"image","source":{"type":"url","url":"https://example.com/a.png"}}]}""", "contents.0.parts.0.fileData.fileUri=https://example.com/a.png", "messages.0.content.0.image_url.url=https://example.com/a.png" },
        { """{"role":"user","content":[{"type":"document","source":{"type":"base64","media_type":"application/pdf","data":"AAAA"},"title":"t.pdf"}]}""", "contents.0.parts.0.inlineData.mimeType=application/pdf", "messages.0.content.0.file.filename=t.pdf" },
        { """{"role":"user","content":[{"type":"document","source":{"type":"text","media_type":"text/plain","data":"words"},"title":"T"}]}""", "contents.0.parts.0.text=T\n\nwords", "messages.0.content=T\n\nwords" },
        { """{"role":"user","content":"x"},{"role":"assistant","content":[{"type":"text","text":"a"},{"type":"tool_use","id":"t1","name":"f","input":{"a":1}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"t1","content":[{"type":"text","text":"r"}],"is_error":true}]}""", "contents.2.parts.0.functionResponse.response.error=r", "messages.2.content=Error: r" },
        { """{"role":"user","content":"x"},{"role":"assistant","content":[{"type":"tool_use","id":"t1","name":"f","input":{"a":1}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"t1","content":"r"},{"type":"text","text":"y"}]}""", "contents.1.parts.0.functionCall.args.a=1", "messages.1.tool_calls.0.function.arguments={\"a\":1}" },
        { """{"role":"user","content":"x"},{"role":"assistant","content":[{"type":"thinking","thinking":"hm","signature":"s"},{"type":"text","text":"a"}]}""", "~messages.reasoning", "~messages.thinking" },
        { """{"role":"user","content":[{"type":"document","source":{"type":"base64","media_type":"application/pdf","data":"AAAA"},"context":"a bill"}]}""", "contents.0.parts.0.text=a bill", "messages.0.content.0.text=a bill" },
        { """{"role":"user","content":[{"type":"document","source":{"type":"content","content":[{"type":"text","text":"words"}]},"title":"T"}]}""", "contents.0.parts.0.text=T\n\nwords", "messages.0.content=T\n\nwords" },
        { """{"role":"user","content":[{"type":"search_result","source":"https://example.com","title":"T","content":[{"type":"text","text":"words"}]}]}""", "contents.0.parts.0.text=T\n\nhttps://example.com\n\nwords", "messages.0.content=T\n\nhttps://example.com\n\nwords" },
        { """{"role":"user","content":[{"type":"document","source":{"type":"text","media_type":"text/plain","data":"words"},"citations":{"enabled":true}}]}""", "~messages.citations", "~messages.citations" },
        { $$$$"""{{{{User}}}},{"role":"assistant","content":[{"type":"server_tool_use","id":"a","name":"web_search","input":{}},{"type":"web_search_tool_result","tool_use_id":"a","content":[]},{"type":"text","text":"found"}]}""", "contents.1.parts.0.text=found", "messages.1.content=found" },
        { """{"role":"user","content":"x"},{"role":"assistant","content":[{"type":"server_tool_use","id":"a","name":"web_search","input":{}},{"type":"text","text":"found"}]}""", "~messages.server_tool_use", "~messages.server_tool_use" },
        { """{"role":"user","content":"x"},{"role":"assistant","content":[{"type":"tool_use","id":"t1","name":"find","input":{}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"t1","content":[{"type":"tool_reference","tool_name":"f"},{"type":"tool_reference","tool_name":"g"}]}]}""", "contents.2.parts.0.functionResponse.response.result=f\ng\n", "messages.2.content=f\ng\n" },
        { """{"role":"user","content":"x"},{"role":"assistant","content":[{"type":"mcp_tool_use","id":"a","name":"f","server_name":"s","input":{}}]}""", "!messages", "!messages" },
    };

    [Theory]
    [MemberData(nameof(MessageBlocks))]
    public void A_block_of_a_message_is_said_listed_or_refused(string messages, string gemini, string chat)
    {
        var body = $$"""{"max_tokens":50,"messages":[{{messages}}]}""";

        Expect(gemini, "gemini", "messages", body);
        Expect(chat, "chat", "messages", body);
    }

    /// <summary>Fields of OpenAI's responses: what Gemini gets, what Anthropic gets, and what a provider gets that has chats alone.</summary>
    public static TheoryData<string, string, string, string> ResponseFields => new()
    {
        { "\"instructions\":\"s\"", "systemInstruction.parts.0.text=s", "system=s", "messages.0.content=s" },
        { "\"max_output_tokens\":9", "generationConfig.maxOutputTokens=9", "max_tokens=9", "max_tokens=9" },
        { "\"reasoning\":{\"effort\":\"low\"}", "generationConfig.thinkingConfig.thinkingBudget=1024", "output_config.effort=low", "~thinking" },
        { "\"text\":{\"format\":{\"type\":\"json_schema\",\"name\":\"n\",\"schema\":{\"type\":\"object\"}},\"verbosity\":\"low\"}", "~text.verbosity", "output_config.format.type=json_schema", "response_format.json_schema.name=n" },
        { "\"tools\":[{\"type\":\"function\",\"name\":\"f\",\"parameters\":{\"type\":\"object\"},\"strict\":true}],\"tool_choice\":{\"type\":\"function\",\"name\":\"f\"}", "toolConfig.functionCallingConfig.allowedFunctionNames.0=f", "tools.0.strict=True", "tools.0.function.strict=True" },
        { "\"tools\":[{\"type\":\"web_search\"}]", "tools.0.googleSearch={}", "tools.0.type=web_search_20250305", "!tools" },
        { "\"tools\":[{\"type\":\"web_search\",\"filters\":{\"allowed_domains\":[\"example.com\"]}}]", "!tools", "tools.0.allowed_domains.0=example.com", "!tools" },
        { "\"tools\":[{\"type\":\"web_search\"},{\"type\":\"function\",\"name\":\"f\"}]", "~tools.web_search", "~tools.web_search", "~tools.web_search" },
        { "\"tools\":[{\"type\":\"image_generation\"},{\"type\":\"function\",\"name\":\"f\"}]", "tools.0.functionDeclarations.0.name=f", "tools.0.name=f", "tools.0.function.name=f" },
        { "\"tools\":[{\"type\":\"web_search\"},{\"type\":\"function\",\"name\":\"f\"}],\"tool_choice\":{\"type\":\"web_search\"}", "!tool_choice", "!tool_choice", "!tool_choice" },
        { "\"tools\":[{\"type\":\"file_search\",\"vector_store_ids\":[\"v\"]},{\"type\":\"function\",\"name\":\"f\"}]", "!tools", "!tools", "!tools" },
        { "\"tools\":[{\"type\":\"custom\",\"name\":\"apply_patch\",\"description\":\"d\",\"format\":{\"type\":\"grammar\",\"syntax\":\"lark\",\"definition\":\"start: x\"}}]", "tools.0.functionDeclarations.0.description=d\n\n`input` must follow this grammar (lark):\nstart: x", "tools.0.input_schema.properties.input.type=string", "tools.0.function.parameters.required.0=input" },
        { "\"tools\":[{\"type\":\"custom\",\"name\":\"f\",\"format\":{\"type\":\"text\"}}],\"tool_choice\":{\"type\":\"custom\",\"name\":\"f\"}", "toolConfig.functionCallingConfig.allowedFunctionNames.0=f", "tool_choice.name=f", "tool_choice.function.name=f" },
        { "\"tools\":[{\"type\":\"local_shell\"}]", "tools.0.functionDeclarations.0.parametersJsonSchema.properties.command.type=array", "tools.0.name=local_shell", "tools.0.function.parameters.required.0=command" },
        { "\"tools\":[{\"type\":\"namespace\",\"name\":\"mcp__a\",\"description\":\"g\",\"tools\":[{\"type\":\"function\",\"name\":\"f\",\"description\":\"d\"}]}],\"tool_choice\":{\"type\":\"function\",\"namespace\":\"mcp__a\",\"name\":\"f\"}", "toolConfig.functionCallingConfig.allowedFunctionNames.0=mcp__a__f", "tools.0.description=g\n\nd", "tools.0.function.name=mcp__a__f" },
        { "\"store\":false", "~store", "~store", "~store" },
        { "\"include\":[\"reasoning.encrypted_content\"]", "~include", "~include", "~include" },
        { "\"truncation\":\"auto\"", "~truncation", "~truncation", "~truncation" },
        { "\"background\":true", "!background", "!background", "!background" },
        { "\"prompt\":{\"id\":\"p\"}", "!prompt", "!prompt", "!prompt" },
        { "\"conversation\":\"c\"", "!conversation", "!conversation", "!conversation" },
    };

    [Theory]
    [MemberData(nameof(ResponseFields))]
    public void A_field_of_a_response_is_said_listed_or_refused(string field, string gemini, string anthropic, string chat)
    {
        var body = $$"""{"input":"x",{{field}}}""";

        Expect(gemini, "gemini", "responses", body);
        Expect(anthropic, "anthropic", "responses", body);
        Expect(chat, "chat", "responses", body);
    }

    /// <summary>Items of a response's input.</summary>
    public static TheoryData<string, string, string, string> ResponseItems => new()
    {
        { """{"role":"user","content":[{"type":"input_text","text":"a"},{"type":"input_image","image_url":"data:image/png;base64,AAAA"}]}""", "contents.0.parts.1.inlineData.data=AAAA", "messages.0.content.1.source.data=AAAA", "messages.0.content.1.image_url.url=data:image/png;base64,AAAA" },
        { """{"role":"user","content":[{"type":"input_file","filename":"a.pdf","file_data":"data:application/pdf;base64,AAAA"}]}""", "contents.0.parts.0.inlineData.mimeType=application/pdf", "messages.0.content.0.title=a.pdf", "messages.0.content.0.file.filename=a.pdf" },
        { """{"role":"user","content":"x"},{"type":"function_call","call_id":"c1","name":"f","arguments":"{\"a\":1}"},{"type":"function_call","call_id":"c2","name":"g","arguments":""},{"type":"function_call_output","call_id":"c1","output":"r"},{"type":"function_call_output","call_id":"c2","output":[{"type":"input_text","text":"s"}]}""", "contents.2.parts.1.functionResponse.response.result=s", "messages.2.content.1.content=s", "messages.1.tool_calls.1.id=c2" },
        { """{"role":"user","content":"x"},{"type":"custom_tool_call","call_id":"c1","name":"apply_patch","input":"*** \"é\"\n"},{"type":"custom_tool_call_output","call_id":"c1","output":"Done"}""", "contents.1.parts.0.functionCall.args.input=*** \"é\"\n", "messages.1.content.0.input.input=*** \"é\"\n", "messages.2.content=Done" },
        { """{"role":"user","content":"x"},{"type":"custom_tool_call","call_id":"c1","name":"apply_patch","input":"p"},{"type":"custom_tool_call_output","call_id":"c1","output":"Done"}""", "contents.2.parts.0.functionResponse.name=apply_patch", "messages.2.content.0.content=Done", "messages.1.tool_calls.0.function.arguments={\"input\":\"p\"}" },
        { """{"role":"user","content":"x"},{"type":"local_shell_call","call_id":"c1","status":"completed","action":{"type":"exec","command":["ls"],"env":{}}},{"type":"function_call_output","call_id":"c1","output":"a.txt"}""", "contents.1.parts.0.functionCall.args.command.0=ls", "messages.1.content.0.name=local_shell", "messages.2.content=a.txt" },
        { """{"role":"user","content":"x"},{"type":"local_shell_call","id":"c1","status":"completed","action":{"type":"exec","command":["ls"]}},{"type":"local_shell_call_output","id":"c1","output":"a.txt"}""", "contents.2.parts.0.functionResponse.name=local_shell", "messages.2.content.0.content=a.txt", "messages.2.tool_call_id=c1" },
        { """{"role":"user","content":"x"},{"type":"function_call","call_id":"c1","namespace":"mcp__a","name":"f","arguments":"{}"},{"type":"function_call_output","call_id":"c1","output":"1"}""", "contents.1.parts.0.functionCall.name=mcp__a__f", "messages.1.content.0.name=mcp__a__f", "messages.1.tool_calls.0.function.name=mcp__a__f" },
        { """{"type":"additional_tools","role":"developer","tools":[{"type":"function","name":"f"}]},{"role":"user","content":"x"}""", "tools.0.functionDeclarations.0.name=f", "tools.0.name=f", "tools.0.function.name=f" },
        { """{"role":"user","content":"x"},{"type":"web_search_call","id":"w","status":"completed"},{"role":"assistant","content":"y"}""", "~input.web_search_call", "messages.1.content.0.text=y", "messages.1.content=y" },
        { """{"role":"user","content":"x"},{"type":"reasoning","id":"r","summary":[],"encrypted_content":"s"}""", "~messages.reasoning", "~messages.reasoning", "~messages.thinking" },
        { """{"role":"user","content":"x"},{"type":"image_generation_call","id":"i","status":"completed","result":"/9j/AAAA"},{"role":"user","content":"bigger"}""", "contents.1.parts.0.inlineData.mimeType=image/jpeg", "~messages.images", "~messages.images" },
        { """{"role":"user","content":"x"},{"type":"image_generation_call","id":"i","status":"completed","result":null},{"role":"user","content":"bigger"}""", "~input.image_generation_call", "messages.0.content.1.text=bigger", "messages.1.content=bigger" },
        { """{"role":"user","content":"x"},{"type":"item_reference","id":"i"}""", "!input", "!input", "!input" },
        { """{"role":"user","content":"x"},{"type":"message","role":"assistant","content":[{"type":"output_text","text":"a","annotations":[]}]}""", "contents.1.parts.0.text=a", "messages.1.content.0.text=a", "messages.1.content=a" },
    };

    [Theory]
    [MemberData(nameof(ResponseItems))]
    public void An_item_of_a_response_is_said_listed_or_refused(string items, string gemini, string anthropic, string chat)
    {
        var body = $$"""{"input":[{{items}}]}""";

        Expect(gemini, "gemini", "responses", body);
        Expect(anthropic, "anthropic", "responses", body);
        Expect(chat, "chat", "responses", body);
    }

    [Theory]
    [InlineData("gemini-2.5-flash", "medium", "thinkingBudget=8192")]
    [InlineData("gemini-3-pro-preview", "medium", "thinkingLevel=medium")]
    [InlineData("gemini-3-flash", "none", "thinkingLevel=minimal")]
    [InlineData("gemini-3-pro", "none", "thinkingLevel=low")]
    public void Gemini_is_told_how_much_to_think_as_its_generation_takes_it(string model, string effort, string expected)
    {
        var written = new Translated("gemini", model).Request("chat", $$"""{"messages":[{{User}}],"reasoning_effort":"{{effort}}"}""");

        Check(written, "generationConfig.thinkingConfig." + expected);
    }

    [Theory]
    [InlineData("claude-3-5-haiku-20241022", "max_tokens=8192")]
    [InlineData("claude-3-haiku-20240307", "max_tokens=4096")]
    [InlineData("claude-sonnet-4-5", "thinking.budget_tokens=16384")]
    [InlineData("claude-opus-4-6", "output_config.effort=high")]
    [InlineData("claude-3-5-haiku-20241022", "thinking=")]
    [InlineData("us.anthropic.claude-opus-4-7-v1:0", "output_config.effort=high")]
    public void Claude_is_told_what_its_generation_takes(string model, string expected) =>
        Check(new Translated("anthropic", model).Request("chat", $$"""{"messages":[{{User}}],"reasoning_effort":"high"}"""), expected);

    [Theory]
    [InlineData("claude-opus-4-6", "temperature=0.5", null)]
    [InlineData("claude-sonnet-4-20250514", "top_k=3", null)]
    [InlineData("claude-opus-4-7", "temperature=", "temperature")]
    [InlineData("claude-opus-4-7", "top_k=", "top_k")]
    [InlineData("claude-sonnet-5", "temperature=", "temperature")]
    public void Claude_is_not_told_how_to_sample_once_it_refuses_that(string model, string expected, string? ignored)
    {
        var translated = new Translated("anthropic", model);

        Check(translated.Request("chat", $$"""{"messages":[{{User}}],"temperature":0.5,"top_k":3}"""), expected);

        Assert.Equal(ignored is not null, translated.Ignored.Contains(ignored ?? "temperature"));
    }

    [Theory]
    [InlineData("claude-opus-4-6", "output_config.effort=max")]
    [InlineData("claude-opus-4-7", "output_config.effort=xhigh")]
    public void Claude_is_told_the_effort_it_knows(string model, string expected) =>
        Check(new Translated("anthropic", model).Request("chat", $$"""{"messages":[{{User}}],"reasoning_effort":"xhigh"}"""), expected);

    /// <summary>A history whose thoughts have a signature of Anthropic's, Gemini's, OpenRouter's, and none.</summary>
    private const string ManyThoughts = """{"max_tokens":9,"messages":[{"role":"user","content":"x"},{"role":"assistant","content":[{"type":"thinking","thinking":"a","signature":"A"},{"type":"thinking","thinking":"g","signature":"mx1.gemini.G"},{"type":"redacted_thinking","data":"mx1.openai-responses-v1#rs_1.O"},{"type":"thinking","thinking":"n","signature":""},{"type":"tool_use","id":"t1","name":"f","input":{}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"t1","content":"r"}]}]}""";

    [Theory]
    [InlineData("http://127.0.0.1", "m", "none", "reasoning_content=", "thinking")]
    [InlineData("http://127.0.0.1", "m", null, "reasoning_content=", "thinking")]
    [InlineData("http://127.0.0.1", "m", "reasoning_content", "reasoning_content=agn", null)]
    [InlineData("http://127.0.0.1", "kimi-k2", null, "reasoning_content=agn", null)]
    [InlineData("http://127.0.0.1", "kimi-k2", "none", "reasoning_content=", "thinking")]
    [InlineData("http://127.0.0.1", "m", "reasoning", "reasoning=agn", null)]
    [InlineData("https://openrouter.ai/api/v1", "anthropic/claude-sonnet-4.5", null, "reasoning_details.0.signature=A", "thinking")]
    [InlineData("https://openrouter.ai/api/v1", "google/gemini-3-pro", null, "reasoning_details.0.signature=G", "thinking")]
    [InlineData("https://openrouter.ai/api/v1", "openai/gpt-5", null, "reasoning_details.0.data=O", "thinking")]
    [InlineData("https://openrouter.ai/api/v1", "openai/gpt-5", null, "reasoning_details.0.id=rs_1", "thinking")]
    [InlineData("https://openrouter.ai/api/v1", "openai/gpt-5", null, "reasoning_details.0.format=openai-responses-v1", "thinking")]
    [InlineData("https://openrouter.ai/api/v1", "openai/gpt-5", null, "reasoning_details.1.text=n", "thinking")]
    public void Thoughts_go_back_where_the_provider_has_them(string url, string model, string? field, string expected, string? ignored)
    {
        var translated = new Translated("chat", model, new ProviderOptions { Kind = "openai", ResponsesApi = false, BaseUrl = url, ThoughtField = field });

        Check(translated.Request("messages", ManyThoughts).GetProperty("messages")[1], expected);

        Assert.Equal(ignored is not null, translated.Ignored.Contains("messages.thinking"));
    }

    [Theory]
    [InlineData("https://api.mistral.ai/v1", "random_seed=7", "user")]
    [InlineData("https://api.mistral.ai/v1", "stream_options=", "logprobs")]
    [InlineData("https://api.example.com/v1", "seed=7", null)]
    public void Mistral_is_told_what_it_knows(string url, string expected, string? ignored)
    {
        var translated = new Translated("chat", "m", new ProviderOptions { Kind = "openai", ResponsesApi = false, BaseUrl = url });
        Check(translated.Request("messages", """{"max_tokens":9,"stream":true,"messages":[{"role":"user","content":"x"}],"metadata":{"user_id":"u"}}"""), url.Contains("mistral", StringComparison.Ordinal) ? "user=" : "user=u");

        // A chat passes as it is; a response does not, and can ask for probabilities.
        Check(translated.Request("responses", """{"input":"x","user":"u","stream":true,"top_logprobs":2}"""), expected.StartsWith("stream", StringComparison.Ordinal) ? expected : "messages.0.content=x");
        Assert.Equal(ignored is not null, translated.Ignored.Contains(ignored ?? "user"));
    }

    [Fact]
    public void OpenRouter_is_told_how_much_to_think_whatever_the_model()
    {
        static JsonElement Asked(string thinking) => new Translated("chat", "anthropic/claude-sonnet-4.5", new ProviderOptions { Kind = "openai", ResponsesApi = false, BaseUrl = "https://openrouter.ai/api/v1" })
            .Request("messages", $$$"""{"max_tokens":9000,"messages":[{{{User}}}],"thinking":{{{thinking}}}}""");

        Check(Asked("""{"type":"enabled","budget_tokens":2000}"""), "reasoning.max_tokens=2000");
        Check(Asked("""{"type":"disabled"}"""), "reasoning.enabled=False");
        Check(Asked("""{"type":"adaptive"}"""), "reasoning.effort=high");
    }

    /// <summary>Names of calls that a provider refuses, where a request is translated and where its bytes pass.</summary>
    public static TheoryData<string, string, string, string, string, string, string> CallNames => new()
    {
        { "messages", "https://api.openai.com/v1", "m", "messages.1.tool_calls.0.id", "messages.2.tool_call_id", "chatcmpl-tool-0123456789abcdef0123456789abcdef", "^call_[0-9a-f]{24}$" },
        { "messages", "https://api.openai.com/v1", "m", "messages.1.tool_calls.0.id", "messages.2.tool_call_id", "functions.f:0", "^functions.f:0$" },
        { "messages", "https://api.mistral.ai/v1", "m", "messages.1.tool_calls.0.id", "messages.2.tool_call_id", "call_1", "^[0-9a-f]{9}$" },
        { "messages", "http://127.0.0.1", "mistralai/Mistral-Small", "messages.1.tool_calls.0.id", "messages.2.tool_call_id", "call_1", "^[0-9a-f]{9}$" },
        { "messages", "https://api.mistral.ai/v1", "m", "messages.1.tool_calls.0.id", "messages.2.tool_call_id", "D681PevKs", "^D681PevKs$" },
        { "messages", "http://127.0.0.1", "m", "messages.1.tool_calls.0.id", "messages.2.tool_call_id", "chatcmpl-tool-0123456789abcdef0123456789abcdef", "^chatcmpl-tool-" },
        { "chat", "https://api.openai.com/v1", "m", "messages.1.tool_calls.0.id", "messages.2.tool_call_id", "chatcmpl-tool-0123456789abcdef0123456789abcdef", "^call_[0-9a-f]{24}$" },
        { "chat", "https://api.openai.com/v1", "m", "messages.1.tool_calls.0.id", "messages.2.tool_call_id", "functions.f:0", "^functions.f:0$" },
        { "chat", "https://api.mistral.ai/v1", "m", "messages.1.tool_calls.0.id", "messages.2.tool_call_id", "call_1", "^[0-9a-f]{9}$" },
        { "responses", "https://api.openai.com/v1", "m", "input.1.call_id", "input.2.call_id", "c0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", "^call_[0-9a-f]{24}$" },
        { "responses", "https://api.openai.com/v1", "m", "input.1.call_id", "input.2.call_id", "chatcmpl-tool-0123456789abcdef0123456789abcdef", "^chatcmpl-tool-" },
        { "messages", "https://api.anthropic.com/v1", "anthropic", "messages.1.content.0.id", "messages.2.content.0.tool_use_id", "functions.f:0", "^toolu_[0-9a-f]{24}$" },
    };

    [Theory]
    [MemberData(nameof(CallNames))]
    public void A_call_and_its_result_have_one_name_which_the_provider_takes(string door, string url, string model, string call, string result, string id, string expected)
    {
        var isAnthropic = model == "anthropic";
        var translated = new Translated(isAnthropic ? "anthropic" : "openai", model, new ProviderOptions { Kind = isAnthropic ? "anthropic" : "openai", ResponsesApi = true, BaseUrl = url });
        var body = door switch
        {
            "messages" => """{"max_tokens":9,"messages":[{"role":"user","content":"x"},{"role":"assistant","content":[{"type":"tool_use","id":"ID","name":"f","input":{}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"ID","content":"say \"tool_use_id\""}]}]}""",
            "chat" => """{"messages":[{"role":"user","content":"x"},{"role":"assistant","content":null,"tool_calls":[{"id":"ID","type":"function","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id": "ID","content":"1"}]}""",
            _ => """{"input":[{"role":"user","content":"x"},{"type":"function_call","call_id":"ID","name":"f","arguments":"{}"},{"type":"function_call_output","call_id":"ID","output":"1"}]}""",
        };

        var written = translated.Request(door, body.Replace("ID", id, StringComparison.Ordinal));

        var name = Find(written, call.Split('.'))?.GetString();
        Assert.Matches(expected, name);
        Assert.Equal(name, Find(written, result.Split('.'))?.GetString());
    }

    [Fact]
    public void A_call_another_provider_named_gets_a_name_that_Anthropic_takes_and_its_result_the_same()
    {
        var written = new Translated("anthropic").Request("chat", $$"""{"messages":[{{Called}},{"role":"tool","tool_call_id":"c.1","content":"ok"}]}""");

        var id = written.Text("messages", "1", "content", "0", "id");
        Assert.Matches("^[a-zA-Z0-9_-]+$", id);
        Assert.Equal(id, written.Text("messages", "2", "content", "0", "tool_use_id"));
    }

    [Fact]
    public void Fields_a_provider_is_known_to_refuse_are_left_out_of_a_translation_too()
    {
        Check(new Translated("anthropic", "m-1", Without("temperature")).Request("chat", $$"""{"messages":[{{User}}],"temperature":0.5}"""), "temperature=");

        static ProviderOptions Without(string field)
        {
            var options = new ProviderOptions { Kind = "anthropic", BaseUrl = "http://127.0.0.1" };
            options.DropFields.Add(field);
            return options;
        }
    }

    [Fact]
    public void A_turn_of_which_nothing_can_be_said_is_left_out()
    {
        const string Body = """{"messages":[{"role":"user","content":"x"},{"role":"assistant","content":"","reasoning_content":"hm"},{"role":"user","content":"y"}]}""";

        Assert.Equal(1, new Translated("anthropic").Request("chat", Body).GetProperty("messages").GetArrayLength());
        Assert.Equal(1, new Translated("gemini").Request("chat", Body).GetProperty("contents").GetArrayLength());
    }

    [Theory]
    [InlineData("messages", """{"max_tokens":9,"messages":[{"role":"user","content":"x"},{"role":"assistant","content":[{"type":"thinking","thinking":"","signature":"mx1.gemini.S"},{"type":"thinking","thinking":"own","signature":"S"},{"type":"text","text":"y"}]},{"role":"user","content":"z"}]}""", "anthropic")]
    [InlineData("responses", """{"input":[{"role":"user","content":"x"},{"type":"reasoning","summary":[],"encrypted_content":"mx1.anthropic.S"},{"type":"reasoning","summary":[],"encrypted_content":"own"}]}""", "openai")]
    public void Thoughts_of_another_provider_are_left_out_where_bytes_pass(string door, string body, string kind)
    {
        var translated = new Translated(kind);

        var written = translated.Request(door, body).GetRawText();

        Assert.DoesNotContain("mx1.", written, StringComparison.Ordinal);
        Assert.Contains("own", written, StringComparison.Ordinal);
        Assert.Equal(["thinking"], translated.Ignored);
    }

    /// <summary>Tools that OpenAI runs are left out; where no others are allowed, none is, and none must be called.</summary>
    [Theory]
    [InlineData("auto", "tool_choice.type=none")]
    [InlineData("required", "!tool_choice")]
    public void No_function_is_free_to_be_called_where_other_tools_alone_are_allowed(string mode, string expected) => Expect(
        expected, "anthropic", "responses",
        $$$"""{"input":"x","tools":[{"type":"function","name":"delete_all"},{"type":"web_search"}],"tool_choice":{"type":"allowed_tools","mode":"{{{mode}}}","tools":[{"type":"web_search"}]}}""");

    [Fact]
    public void Messages_of_foreign_thoughts_alone_are_refused_for_what_they_are() => Assert.Contains(
        "thoughts of another provider",
        Assert.Throws<MasterX.AiGateway.Providers.UntranslatableRequestException>(() => new Translated("anthropic").Request(
            "messages", """{"max_tokens":9,"messages":[{"role":"assistant","content":[{"type":"thinking","thinking":"t","signature":"mx1.gemini.S"}]}]}""")).Message,
        StringComparison.Ordinal);

    [Fact]
    public void A_turn_of_nothing_but_foreign_thoughts_is_left_out_whole() => Assert.Equal(
        ["x", "z"],
        new Translated("anthropic").Request("messages", """{"max_tokens":9,"messages":[{"role":"user","content":"x"},{"role":"assistant","content":[{"type":"thinking","thinking":"t","signature":"mx1.gemini.S"}]},{"role":"user","content":"z"}]}""")
            .GetProperty("messages").EnumerateArray().Select(message => message.GetProperty("content").GetString()));

    [Fact]
    public void A_name_with_half_a_character_is_refused_where_it_would_have_to_be_written_again() =>
        Expect("!stream_options", "chat", "chat", """{"stream":true,"stream_options":{"\ud800":1},"messages":[{"role":"user","content":"x"}]}""");

    [Fact]
    public void Of_a_field_that_is_there_twice_the_last_one_is_said() => Check(
        new Translated("gemini").Request("chat", """{"messages":[{"role":"user","content":"first"}],"messages":[{"role":"user","content":"last"}]}"""), "contents.0.parts.0.text=last");

    [Fact]
    public void What_tools_gave_stays_together_before_what_they_showed()
    {
        var written = new Translated("chat").Request("responses", """{"input":[{"role":"user","content":"x"},{"type":"function_call","call_id":"a","name":"f","arguments":"{}"},{"type":"function_call","call_id":"b","name":"f","arguments":"{}"},{"type":"function_call_output","call_id":"a","output":[{"type":"input_image","image_url":"data:image/png;base64,AAAA"}]},{"type":"function_call_output","call_id":"b","output":"r"}]}""");

        Assert.Equal(["user", "assistant", "tool", "tool", "user"], written.GetProperty("messages").EnumerateArray().Select(message => message.Text("role")));
    }

    [Theory]
    [InlineData("gemini-2.5-flash", "thinkingBudget=24576")]
    [InlineData("gemini-2.5-pro", "thinkingBudget=31999")]
    public void A_budget_for_thinking_is_within_what_the_model_takes(string model, string expected) => Check(
        new Translated("gemini", model).Request("messages", $$$$"""{"max_tokens":50,"messages":[{{{{User}}}}],"thinking":{"type":"enabled","budget_tokens":31999}}"""), "generationConfig.thinkingConfig." + expected);

    private static void Expect(string expected, string kind, string door, string body)
    {
        var translated = new Translated(kind);
        if (expected[0] == '!')
        {
            var refused = Assert.Throws<UntranslatableRequestException>(() => translated.Request(door, body));
            Assert.Equal(expected[1..], refused.Parameter);
            return;
        }

        var written = translated.Request(door, body);
        if (expected[0] == '~')
        {
            Assert.Contains(expected[1..], translated.Ignored);
        }
        else
        {
            Check(written, expected);
        }
    }

    /// <param name="written">A request.</param>
    /// <param name="expected"><c>path=value</c>, <c>path^=beginning</c>; no value for a path that is not there.</param>
    private static void Check(JsonElement written, string expected)
    {
        var sign = expected.IndexOf('=', StringComparison.Ordinal);
        var isBeginning = expected[sign - 1] == '^';
        var path = expected[..(isBeginning ? sign - 1 : sign)].Split('.');
        var value = expected[(sign + 1)..];
        var found = Find(written, path);
        var text = found is not { } element ? "" : element.ValueKind is JsonValueKind.Object ? element.GetRawText() : element.ToString();
        Assert.True(isBeginning ? text.StartsWith(value, StringComparison.Ordinal) : text == value, $"{expected} is not in {written}");
    }

    private static JsonElement? Find(JsonElement element, IEnumerable<string> path)
    {
        foreach (var step in path)
        {
            if (element.ValueKind == JsonValueKind.Array && int.TryParse(step, out var at) && at < element.GetArrayLength())
            {
                element = element[at];
            }
            else if (element.ValueKind != JsonValueKind.Object || !element.TryGetProperty(step, out element))
            {
                return null;
            }
        }

        return element;
    }
}
