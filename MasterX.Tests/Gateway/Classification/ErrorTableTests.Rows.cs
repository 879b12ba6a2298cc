using MasterX.AiGateway.Providers.Classification;

namespace MasterX.Tests.Gateway.Classification;

public sealed partial class ErrorTableTests
{
    private const string Page = "<!DOCTYPE html><html><head><title>Attention Required! | Cloudflare</title></head><body>blocked</body></html>";

    /// <summary>OpenAI and Azure OpenAI.</summary>
    public static TheoryData<int, string, string> OpenAi => new()
    {
        { 400, """{"error":{"message":"This model's maximum context length is 128000 tokens. However, your messages resulted in 204308 tokens.","type":"invalid_request_error","param":"messages","code":"context_length_exceeded"}}""", nameof(Verdicts.ContextOverflow) },
        { 400, """{"error":{"message":"Your input exceeds the context window of this model. Please adjust your input and try again.","type":"invalid_request_error","param":"input","code":null}}""", nameof(Verdicts.ContextOverflow) },
        { 400, """{"error":{"message":"Invalid 'messages[0].content': string too long.","type":"invalid_request_error","code":"string_above_max_length"}}""", nameof(Verdicts.ContextOverflow) },
        { 400, """{"error":{"message":"Invalid 'user': string too long.","type":"invalid_request_error","param":"user","code":"string_above_max_length"}}""", nameof(Verdicts.NotTaken) },
        { 400, """{"error":{"message":"Invalid type for 'temperature': expected a decimal, but got a string instead.","type":"invalid_request_error","param":"temperature","code":"invalid_type"}}""", nameof(Verdicts.Malformed) },
        { 400, """{"error":{"message":"Missing required parameter: 'messages[0].role'.","type":"invalid_request_error","param":"messages[0].role","code":"missing_required_parameter"}}""", nameof(Verdicts.Malformed) },
        { 400, """{"error":{"message":"Invalid type for 'service_tier'.","type":"invalid_request_error","param":"service_tier","code":"invalid_type"}}""", nameof(Verdicts.NotTaken) },
        { 400, """{"error":{"message":"Unsupported parameter: 'max_tokens' is not supported with this model.","param":"max_tokens","code":"unsupported_parameter"}}""", nameof(Verdicts.NotTaken) },
        { 400, """{"error":{"message":"Unsupported value: 'temperature' does not support 0.2 with this model.","param":"temperature","code":"unsupported_value"}}""", nameof(Verdicts.NotTaken) },
        { 400, """{"error":{"message":"Unknown parameter: 'foo'.","param":"foo","code":"unknown_parameter"}}""", nameof(Verdicts.NotTaken) },
        { 400, """{"error":{"message":"Billing hard limit has been reached","type":"invalid_request_error","param":null,"code":"billing_hard_limit_reached"}}""", nameof(Verdicts.OutOfCredit) },
        { 400, """{"error":{"message":"Your request was rejected as a result of our safety system.","type":"image_generation_user_error","code":"content_policy_violation"}}""", nameof(Verdicts.ContentRefused) },
        { 401, """{"error":{"message":"Incorrect API key provided: sk-x.","type":"invalid_request_error","param":null,"code":"invalid_api_key"}}""", nameof(Verdicts.KeyRefused) },
        { 401, """{"error":{"message":"You have insufficient permissions for this operation. Missing scopes: model.request.","type":"invalid_request_error","code":null}}""", nameof(Verdicts.NotPermitted) },
        { 401, """{"error":{"message":"The OpenAI account associated with this API key has been deactivated.","code":"account_deactivated"}}""", nameof(Verdicts.OutOfCredit) },
        { 403, """{"error":{"message":"Project `proj_1` does not have access to model `gpt-4o-mini`","type":"invalid_request_error","param":null,"code":"model_not_found"}}""", nameof(Verdicts.ModelNotOffered) },
        { 403, """{"error":{"message":"Project `proj_1` does not have access to model `gpt-4o-mini`","type":"invalid_request_error","param":null,"code":null}}""", nameof(Verdicts.NothingThere) },
        { 403, """{"error":{"code":"unsupported_country_region_territory","message":"Country, region, or territory not supported","param":null,"type":"request_forbidden"}}""", nameof(Verdicts.RegionRefused) },
        { 403, """{"error":{"message":"You have insufficient permissions for this operation. Missing scopes: api.model.read.","type":"invalid_request_error"}}""", nameof(Verdicts.NotPermitted) },
        { 404, """{"error":{"message":"The model `gpt-9` does not exist or you do not have access to it.","type":"invalid_request_error","param":null,"code":"model_not_found"}}""", nameof(Verdicts.ModelNotOffered) },
        { 404, """{"error":{"message":"The model 'x' does not exist","type":"invalid_request_error","param":"tools[0].model","code":"model_not_found"}}""", nameof(Verdicts.NothingThere) },
        { 404, """{"error":{"message":"Previous response with id 'resp_1' not found.","type":"invalid_request_error","param":"previous_response_id","code":"previous_response_not_found"}}""", nameof(Verdicts.NothingThere) },
        { 429, """{"error":{"message":"Rate limit reached for gpt-4o on requests per min (RPM): Limit 3, Used 3.","type":"requests","param":null,"code":"rate_limit_exceeded"}}""", nameof(Verdicts.Limited) },
        { 429, """{"error":{"message":"Request too large for gpt-4o on tokens per min (TPM): Limit 30000, Requested 50000.","type":"tokens","param":null,"code":"rate_limit_exceeded"}}""", nameof(Verdicts.TooLarge) },
        { 429, """{"error":{"message":"You exceeded your current quota, please check your plan and billing details.","type":"insufficient_quota","param":null,"code":"insufficient_quota"}}""", nameof(Verdicts.OutOfCredit) },
        { 429, """{"error":{"message":"Your account is not active, please check your billing details on our website.","type":"billing_not_active","code":"billing_not_active"}}""", nameof(Verdicts.OutOfCredit) },
        { 429, """{"error":{"message":"slow down"}}""", nameof(Verdicts.Limited) },
        { 500, """{"error":{"message":"The server had an error while processing your request.","type":"server_error","param":null,"code":null}}""", nameof(Verdicts.Failed) },
        { 503, """{"error":{"message":"The engine is currently overloaded, please try again later","type":"server_error","code":null}}""", nameof(Verdicts.Failed) },
        { 503, """{"error":{"message":"Slow down","type":"server_error","code":"slow_down"}}""", nameof(Verdicts.Limited) },
        { 400, """{"error":{"message":"The response was filtered due to the prompt triggering Azure OpenAI's content management policy.","type":null,"param":"prompt","code":"content_filter","status":400,"innererror":{"code":"ResponsibleAIPolicyViolation","content_filter_result":{}}}}""", nameof(Verdicts.ContentRefused) },
        { 404, """{"error":{"code":"DeploymentNotFound","message":"The API deployment for this resource does not exist."}}""", nameof(Verdicts.ModelNotOffered) },
        { 401, """{"error":{"code":"401","message":"Access denied due to invalid subscription key or wrong API endpoint."}}""", nameof(Verdicts.KeyRefused) },
        { 401, """{"statusCode":401,"message":"Unauthorized. Access token is missing, invalid, audience is incorrect, or have expired."}""", nameof(Verdicts.KeyRefused) },
        { 403, """{"error":{"code":"403","message":"Access denied due to Virtual Network/Firewall rules."}}""", nameof(Verdicts.NotPermitted) },
        { 429, """{"error":{"code":"429","message":"Requests to the ChatCompletions_Create Operation have exceeded token rate limit. Please retry after 26 seconds."}}""", nameof(Verdicts.Limited) },
        { 429, """{"error":{"code":"RateLimitReached","message":"Rate limit of 150 per 60s exceeded for UserByModelByMinute. Please wait 54 seconds before retrying."}}""", nameof(Verdicts.Limited) },
        { 408, """{"error":{"code":"Timeout","message":"The operation was timeout."}}""", nameof(Verdicts.Failed) },
        { 413, """{"error":{"code":"tokens_limit_reached","message":"Request body too large for gpt-4o model. Max size: 8000 tokens.","details":"Request body too large"}}""", nameof(Verdicts.ContextOverflow) },
    };

    /// <summary>What Azure alone says.</summary>
    public static TheoryData<int, string, string> Azure => new()
    {
        { 403, """{"error":{"code":"403","message":"Out of call volume quota for OpenAI S0 pricing tier. Quota will be replenished in 3.02:11:54."}}""", nameof(Verdicts.OutOfCredit) },
        { 400, """{"error":{"code":"OperationNotSupported","message":"The chatCompletion operation does not work with the specified model, ada."}}""", nameof(Verdicts.NothingThere) },
        { 404, """{"error":{"code":"404","message":"Resource not found"}}""", nameof(Verdicts.NothingThere) },
        { 401, """{"error":{"code":"PermissionDenied","message":"The principal lacks the required data action."}}""", nameof(Verdicts.KeyRefused) },
        { 400, """{"error":{"message":"filtered","type":null,"param":"prompt","code":null,"inner_error":{"code":"ResponsibleAIPolicyViolation","content_filter_results":{}}}}""", nameof(Verdicts.ContentRefused) },
        { 200, """{"error":{"message":"The response was filtered.","type":null,"param":null,"code":"content_filter"}}""", nameof(Verdicts.ContentRefused) },
    };

    /// <summary>Who speaks OpenAI's format in words of their own.</summary>
    public static TheoryData<int, string, string> Compatible => new()
    {
        // Groq
        { 400, """{"error":{"message":"Failed to call a function. Please adjust your prompt. See 'failed_generation' for more details.","type":"invalid_request_error","code":"tool_use_failed","failed_generation":"<function=f>"}}""", nameof(Verdicts.ModelFailed) },
        { 400, """{"error":{"message":"Failed to generate JSON.","type":"invalid_request_error","code":"json_validate_failed","failed_generation":""}}""", nameof(Verdicts.ModelFailed) },
        { 400, """{"error":{"message":"Parsing failed.","type":"invalid_request_error","code":"output_parse_failed"}}""", nameof(Verdicts.ModelFailed) },
        { 400, """{"error":{"message":"The model `x` has been decommissioned and is no longer supported.","type":"invalid_request_error","code":"model_decommissioned"}}""", nameof(Verdicts.ModelNotOffered) },
        { 400, """{"error":{"message":"Please reduce the length of the messages or completion.","type":"invalid_request_error","param":"messages","code":"context_length_exceeded"}}""", nameof(Verdicts.ContextOverflow) },
        { 400, """{"error":{"message":"Please reduce the length of the messages or completion.","type":"invalid_request_error"}}""", nameof(Verdicts.ContextOverflow) },
        { 400, """{"error":{"message":"Organization has been restricted. Please reach out to support.","type":"invalid_request_error","code":"organization_restricted"}}""", nameof(Verdicts.OutOfCredit) },
        { 403, """{"error":{"message":"The model `x` is blocked at the project level.","type":"permissions_error","code":"model_permission_blocked_project"}}""", nameof(Verdicts.ModelNotOffered) },
        { 403, """{"error":{"message":"Access denied. Please check your network settings."}}""", nameof(Verdicts.RegionRefused) },
        { 413, """{"error":{"message":"Request too large for model `x` on tokens per minute (TPM): Limit 6000, Requested 9012","type":"tokens","code":"rate_limit_exceeded"}}""", nameof(Verdicts.TooLarge) },
        { 424, """{"error":{"message":"Failed to authenticate with the MCP server","type":"external_connector_error"}}""", nameof(Verdicts.Declined) },
        { 498, """{"error":{"message":"Flex tier capacity exceeded","type":"capacity_exceeded","code":"capacity_exceeded"}}""", nameof(Verdicts.TierFull) },
        { 499, """{"error":{"message":"Request cancelled"}}""", nameof(Verdicts.Declined) },

        // Mistral
        { 401, """{"message":"Unauthorized","request_id":"1"}""", nameof(Verdicts.KeyRefused) },
        { 401, """{"detail":"Unauthorized"}""", nameof(Verdicts.KeyRefused) },
        { 400, """{"object":"error","message":"Prompt contains 40960 tokens and 0 draft tokens, too large for model with 32768 maximum context length","type":"invalid_request_error","param":null,"code":"3051"}""", nameof(Verdicts.ContextOverflow) },
        { 400, """{"object":"error","message":"Invalid model: mistral-x","type":"invalid_model","param":null,"code":"1500"}""", nameof(Verdicts.ModelNotOffered) },
        { 422, """{"object":"error","message":{"detail":[{"type":"extra_forbidden","loc":["body","stream_options"],"msg":"Extra inputs are not permitted"}]},"type":"invalid_request_error","param":null,"code":null}""", nameof(Verdicts.NotTaken) },
        { 429, """{"object":"error","message":"Rate limit exceeded","type":"rate_limited","param":null,"code":"1300","raw_status_code":429}""", nameof(Verdicts.Limited) },
        { 429, """{"object":"error","message":"Service tier capacity exceeded for this model.","type":"service_tier_capacity_exceeded","param":null,"code":"3505"}""", nameof(Verdicts.Limited) },

        // Cohere
        { 400, """{"message":"too many tokens: total number of tokens in the prompt cannot exceed 4081 - received 5000."}""", nameof(Verdicts.ContextOverflow) },
        { 400, """{"message":"invalid request: message must be at least 1 token long"}""", nameof(Verdicts.NotTaken) },
        { 401, """{"message":"invalid api token"}""", nameof(Verdicts.KeyRefused) },
        { 402, """{"message":"Please add or update your payment method"}""", nameof(Verdicts.OutOfCredit) },
        { 404, """{"message":"model 'x' not found, make sure the correct model ID was used"}""", nameof(Verdicts.NothingThere) },
        { 429, """{"message":"You are using a Trial key, which is limited to 10 API calls / minute."}""", nameof(Verdicts.Limited) },
        { 498, """{"message":"blocked input"}""", nameof(Verdicts.ContentRefused) },

        // DeepSeek
        { 402, """{"error":{"message":"Insufficient Balance","type":"unknown_error","param":null,"code":"invalid_request_error"}}""", nameof(Verdicts.OutOfCredit) },
        { 400, """{"error":{"message":"This model's maximum context length is 65536 tokens. However, you requested 70000 tokens","type":"invalid_request_error","param":null,"code":"invalid_request_error"}}""", nameof(Verdicts.ContextOverflow) },
        { 422, """{"error":{"message":"Failed to deserialize the JSON body into the target type: missing field `model`","type":"invalid_request_error"}}""", nameof(Verdicts.NotTaken) },

        // OpenRouter
        { 402, """{"error":{"message":"Insufficient credits","code":402}}""", nameof(Verdicts.OutOfCredit) },
        { 402, """{"error":{"message":"This request requires more credits, or fewer max_tokens. You requested up to 65536 tokens, but can only afford 24.","code":402}}""", nameof(Verdicts.Declined) },
        { 403, """{"error":{"code":403,"message":"Your input was flagged for \"violence\".","metadata":{"reasons":["violence"],"flagged_input":"how to…","provider_name":"OpenAI","model_slug":"x"}}}""", nameof(Verdicts.ContentRefused) },
        { 404, """{"error":{"message":"No endpoints found that support tool use.","code":404}}""", nameof(Verdicts.NothingThere) },
        { 429, """{"error":{"message":"Rate limit exceeded: free-models-per-min.","code":429,"metadata":{"headers":{"X-RateLimit-Limit":"20","X-RateLimit-Remaining":"0","X-RateLimit-Reset":"1772366439000"}}}}""", nameof(Verdicts.Limited) },
        { 400, """{"error":{"message":"Provider returned error","code":400,"metadata":{"raw":"{\"error\":{\"message\":\"prompt is too long: 215000 tokens > 200000 maximum\"}}","provider_name":"Anthropic"}}}""", nameof(Verdicts.ContextOverflow) },
        { 400, """{"error":{"message":"Provider returned error","code":400,"metadata":{"raw":"{\"error\":{\"message\":\"x\",\"code\":\"insufficient_quota\"}}","provider_name":"OpenAI"}}}""", nameof(Verdicts.NotTaken) },
        { 502, """{"error":{"message":"Provider returned error","code":502,"metadata":{"raw":"<html>","provider_name":"X"}}}""", nameof(Verdicts.Failed) },

        // Together, Fireworks, Moonshot, DashScope, xAI, Hugging Face
        { 403, """{"error":{"message":"Input token count + `max_tokens` must be less than context length of the model: input token count (9000) must be less than context length (8193)","type":"invalid_request_error"}}""", nameof(Verdicts.ContextOverflow) },
        { 400, """{"error":{"message":"The prompt is too long: 12345, model maximum context length: 8191","code":"invalid_request_error"}}""", nameof(Verdicts.ContextOverflow) },
        { 412, """{"error":{"message":"Account x is suspended, possibly due to reaching the monthly spending limit","code":"PRECONDITION_FAILED"}}""", nameof(Verdicts.OutOfCredit) },
        { 429, """{"error":{"message":"Your account org-1 is suspended, please check your plan and billing details","type":"exceeded_current_quota_error"}}""", nameof(Verdicts.OutOfCredit) },
        { 400, """{"error":{"message":"Invalid request: Your request exceeded model token limit: 8192","type":"invalid_request_error"}}""", nameof(Verdicts.ContextOverflow) },
        { 429, """{"error":{"message":"The engine is currently overloaded, please try again later","type":"engine_overloaded_error"}}""", nameof(Verdicts.Limited) },
        { 400, """{"error":{"message":"<400> InternalError.Algo.InvalidParameter: Range of input length should be [1, 30720]","code":"invalid_parameter_error"}}""", nameof(Verdicts.ContextOverflow) },
        { 400, """{"error":{"message":"Input data may contain inappropriate content.","code":"data_inspection_failed"}}""", nameof(Verdicts.ContentRefused) },
        { 400, """{"code":"Client specified an invalid argument","error":"This model's maximum prompt length is 131072 but the request contains 140000 tokens."}""", nameof(Verdicts.ContextOverflow) },
        { 402, """{"error":"You have exceeded your monthly included credits for Inference Providers."}""", nameof(Verdicts.OutOfCredit) },
        { 503, """{"error":"Model x is currently loading","estimated_time":20.0}""", nameof(Verdicts.Failed) },

        // vLLM, SGLang, llama.cpp, LM Studio, Ollama, TGI
        { 400, """{"object":"error","message":"This model's maximum context length is 4096 tokens. However, you requested 9000 tokens","type":"BadRequestError","param":null,"code":400}""", nameof(Verdicts.ContextOverflow) },
        { 400, """{"error":{"message":"You passed 9000 input tokens and requested 100 output tokens. However, the model's context length is only 8192 tokens","type":"BadRequestError","param":"input_tokens","code":400}}""", nameof(Verdicts.ContextOverflow) },
        { 400, """{"object":"error","message":"The decoder prompt (length 9000) is longer than the maximum model length of 8192.","type":"BadRequestError","code":400}""", nameof(Verdicts.ContextOverflow) },
        { 404, """{"object":"error","message":"The model `x` does not exist.","type":"NotFoundError","param":null,"code":404}""", nameof(Verdicts.NothingThere) },
        { 401, """{"error":"Unauthorized"}""", nameof(Verdicts.KeyRefused) },
        { 400, """{"object":"error","message":"The input (9000 tokens) is longer than the model's context length (8192 tokens).","type":"BadRequestError","code":400}""", nameof(Verdicts.ContextOverflow) },
        { 400, """{"error":{"code":400,"message":"the request exceeds the available context size.","type":"exceed_context_size_error","n_prompt_tokens":9000,"n_ctx":4096}}""", nameof(Verdicts.ContextOverflow) },
        { 503, """{"error":{"code":503,"message":"Loading model","type":"unavailable_error"}}""", nameof(Verdicts.Failed) },
        { 400, """{"error":"Trying to keep the first 9000 tokens when context the overflows. However, the model is loaded with context length of only 4096 tokens"}""", nameof(Verdicts.ContextOverflow) },
        { 400, """{"error":"registry.ollama.ai/library/x does not support tools"}""", nameof(Verdicts.NotTaken) },
        { 404, """{"error":{"message":"model \"x\" not found, try pulling it first","type":"api_error","param":null,"code":null}}""", nameof(Verdicts.NothingThere) },
        { 500, """{"error":{"message":"litellm.ContextWindowExceededError: This model's maximum context length is 8192 tokens.","code":"500"}}""", nameof(Verdicts.ContextOverflow) },
        { 500, """{"error":"llama runner process has terminated: exit status 2"}""", nameof(Verdicts.Failed) },
        { 503, """{"error":"server busy, please try again. maximum pending requests exceeded"}""", nameof(Verdicts.Failed) },
        { 422, """{"error":"Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4096. Given: 5000 `inputs` tokens and 20 `max_new_tokens`","error_type":"validation"}""", nameof(Verdicts.ContextOverflow) },
        { 422, """{"error":"Input validation error: `temperature` must be strictly positive","error_type":"validation"}""", nameof(Verdicts.NotTaken) },
        { 424, """{"error":"Request failed during generation: CUDA out of memory","error_type":"generation"}""", nameof(Verdicts.Failed) },
        { 429, """{"error":"Model is overloaded","error_type":"overloaded"}""", nameof(Verdicts.Limited) },

        // Cloudflare's Workers AI, problem details, and what nobody knows
        { 400, """{"success":false,"errors":[{"code":7009,"message":"Upstream service unavailable"}],"messages":[]}""", nameof(Verdicts.NotTaken) },
        { 400, """{"type":"about:blank","title":"Bad Request","status":400,"detail":"what?"}""", nameof(Verdicts.NotTaken) },
        { 418, "{}", nameof(Verdicts.NotTaken) },
        { 400, "", nameof(Verdicts.NotTaken) },
        { 403, """{"error":"forbidden"}""", nameof(Verdicts.NotPermitted) },
        { 403, "", nameof(Verdicts.NotPermitted) },
    };

    /// <summary>What stands before a provider.</summary>
    public static TheoryData<int, string, string> OfProxies => new()
    {
        { 403, Page, nameof(Verdicts.Declined) },
        { 400, "<html><head><title>400 Request Header Or Cookie Too Large</title></head></html>", nameof(Verdicts.Declined) },
        { 404, "404 page not found", nameof(Verdicts.Declined) },
        { 401, "<html>401 Authorization Required</html>", nameof(Verdicts.KeyRefused) },
        { 407, Page, nameof(Verdicts.Declined) },
        { 413, "<html><head><title>413 Request Entity Too Large</title></head></html>", nameof(Verdicts.TooLarge) },
        { 429, "error code: 1015", nameof(Verdicts.Limited) },
        { 502, "<html><head><title>502 Bad Gateway</title></head></html>", nameof(Verdicts.Failed) },
        { 503, "no healthy upstream", nameof(Verdicts.Failed) },
        { 504, "upstream request timeout", nameof(Verdicts.Failed) },
        { 520, Page, nameof(Verdicts.Failed) },
        { 522, Page, nameof(Verdicts.Failed) },
        { 524, "error code: 524", nameof(Verdicts.Failed) },
        { 530, "error code: 1033", nameof(Verdicts.Failed) },
        { 200, Page, nameof(Verdicts.Broken) },
        { 204, "", nameof(Verdicts.Broken) },
        { 301, Page, nameof(Verdicts.Broken) },
        { 307, "", nameof(Verdicts.Broken) },
    };

    /// <summary>Answers and events with status 200 that are none.</summary>
    public static TheoryData<int, string, string> InGoodAnswers => new()
    {
        { 200, "", nameof(Verdicts.Broken) },
        { 200, "OK", nameof(Verdicts.Broken) },
        { 200, "{\"choices\":[{\"mess", nameof(Verdicts.Broken) },
        { 200, """{"id":"x","object":"chat.completion","choices":[]}""", nameof(Verdicts.Broken) },
        { 200, """{"error":{"message":"upstream","code":502}}""", nameof(Verdicts.Failed) },
        { 200, """{"error":{"message":"Rate limit exceeded","code":429}}""", nameof(Verdicts.Limited) },
        { 200, """{"error":{"message":"Rate limit exceeded","code":"rate_limit_exceeded"}}""", nameof(Verdicts.Limited) },
        { 200, """{"error":{"message":"Insufficient credits","code":402}}""", nameof(Verdicts.OutOfCredit) },
        { 200, """{"error":{"message":"x","type":"invalid_request_error","code":"context_length_exceeded"}}""", nameof(Verdicts.ContextOverflow) },
        { 200, """{"error":{"message":"the request exceeds the available context size","code":null}}""", nameof(Verdicts.ContextOverflow) },
        { 200, """{"error":{"message":"x","type":"server_error","code":null}}""", nameof(Verdicts.Failed) },
        { 200, """{"object":"error","message":"x","type":"InternalServerError","code":500}""", nameof(Verdicts.Failed) },
        { 200, """{"choices":[{"index":0,"message":{"content":""},"finish_reason":"error","error":{"code":502,"message":"upstream"}}]}""", nameof(Verdicts.Failed) },
        { 200, """{"choices":[{"delta":{"content":""},"finish_reason":"error"}]}""", nameof(Verdicts.Failed) },
        { 200, """{"type":"response.failed","response":{"status":"failed","error":{"code":"rate_limit_exceeded","message":"x"}}}""", nameof(Verdicts.Limited) },
        { 200, """{"type":"response.failed","response":{"status":"failed","error":{"code":"server_error","message":"x"}}}""", nameof(Verdicts.Failed) },
        { 200, """{"type":"error","code":"insufficient_quota","message":"x","param":null}""", nameof(Verdicts.OutOfCredit) },
        { 200, """{"error":{"message":"Failed to call a function.","code":"tool_use_failed"}}""", nameof(Verdicts.ModelFailed) },
    };

    public static TheoryData<int, string, string> Anthropic => new()
    {
        { 400, """{"type":"error","error":{"type":"invalid_request_error","message":"messages: roles must alternate"}}""", nameof(Verdicts.TranslationRefused) },
        { 400, """{"type":"error","error":{"type":"invalid_request_error","message":"`temperature` and `top_p` cannot both be specified for this model."}}""", nameof(Verdicts.TranslationRefused) },
        { 400, """{"type":"error","error":{"type":"invalid_request_error","message":"max_tokens: 64000 > 8192, which is the maximum allowed number of output tokens for x"}}""", nameof(Verdicts.TranslationRefused) },
        { 400, """{"type":"error","error":{"type":"invalid_request_error","message":"prompt is too long: 215000 tokens > 200000 maximum"}}""", nameof(Verdicts.ContextOverflow) },
        { 400, """{"type":"error","error":{"type":"invalid_request_error","message":"input length and `max_tokens` exceed context limit: 143653 + 64000 > 200000"}}""", nameof(Verdicts.ContextOverflow) },
        { 400, """{"type":"error","error":{"type":"invalid_request_error","message":"Your credit balance is too low to access the Anthropic API."}}""", nameof(Verdicts.OutOfCredit) },
        { 400, """{"type":"error","error":{"type":"invalid_request_error","message":"You have reached your specified API usage limits. You will regain access on 2026-04-01."}}""", nameof(Verdicts.OutOfCredit) },
        { 400, """{"type":"error","error":{"type":"invalid_request_error","message":"This organization has been disabled."}}""", nameof(Verdicts.OutOfCredit) },
        { 400, """{"type":"error","error":{"type":"invalid_request_error","message":"Output blocked by content filtering policy"}}""", nameof(Verdicts.ContentRefused) },
        { 401, """{"type":"error","error":{"type":"authentication_error","message":"invalid x-api-key"}}""", nameof(Verdicts.KeyRefused) },
        { 402, """{"type":"error","error":{"type":"billing_error","message":"x"}}""", nameof(Verdicts.OutOfCredit) },
        { 403, """{"type":"error","error":{"type":"permission_error","message":"Your API key does not have permission to use the specified resource."}}""", nameof(Verdicts.NotPermittedHere) },
        { 403, """{"type":"error","error":{"type":"permission_error","message":"OAuth token has been revoked."}}""", nameof(Verdicts.NotPermitted) },
        { 403, """{"error":{"type":"forbidden","message":"Request not allowed"}}""", nameof(Verdicts.RegionRefused) },
        { 403, Page, nameof(Verdicts.Declined) },
        { 404, """{"type":"error","error":{"type":"not_found_error","message":"model: claude-x"},"request_id":"req_1"}""", nameof(Verdicts.ModelNotOffered) },
        { 404, """{"type":"error","error":{"type":"not_found_error","message":"File not found: file_1"}}""", nameof(Verdicts.NothingThere) },
        { 413, """{"type":"error","error":{"type":"request_too_large","message":"Request exceeds the maximum size"}}""", nameof(Verdicts.TooLarge) },
        { 429, """{"type":"error","error":{"type":"rate_limit_error","message":"This request would exceed your organization's rate limit"}}""", nameof(Verdicts.Limited) },
        { 500, """{"type":"error","error":{"type":"api_error","message":"Internal server error"}}""", nameof(Verdicts.Failed) },
        { 504, """{"type":"error","error":{"type":"timeout_error","message":"x"}}""", nameof(Verdicts.Failed) },
        { 529, """{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}""", nameof(Verdicts.Failed) },
        { 200, """{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}""", nameof(Verdicts.Failed) },
        { 200, """{"type":"error","error":{"type":"rate_limit_error","message":"x"}}""", nameof(Verdicts.Limited) },
        { 200, """{"type":"message","content":"not an array"}""", nameof(Verdicts.Broken) },
    };

    public static TheoryData<int, string, string> Gemini => new()
    {
        { 404, """{"error":{"code":404,"message":"Publisher Model `projects/p/locations/l/publishers/google/models/x` was not found or your project does not have access to it.","status":"NOT_FOUND"}}""", nameof(Verdicts.ModelNotOffered) },
        { 400, """{"error":{"code":400,"message":"Invalid JSON payload received. Unknown name \"foo\": Cannot find field.","status":"INVALID_ARGUMENT"}}""", nameof(Verdicts.TranslationRefused) },
        { 400, """{"error":{"code":400,"message":"The input token count (1100000) exceeds the maximum number of tokens allowed (1048576).","status":"INVALID_ARGUMENT"}}""", nameof(Verdicts.ContextOverflow) },
        { 400, """{"error":{"code":400,"message":"API key not valid. Please pass a valid API key.","status":"INVALID_ARGUMENT","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"API_KEY_INVALID","domain":"googleapis.com"}]}}""", nameof(Verdicts.KeyRefused) },
        { 400, """{"error":{"code":400,"message":"API key expired. Please renew the API key.","status":"INVALID_ARGUMENT"}}""", nameof(Verdicts.KeyRefused) },
        { 400, """{"error":{"code":400,"message":"User location is not supported for the API use.","status":"FAILED_PRECONDITION"}}""", nameof(Verdicts.RegionRefused) },
        { 400, """[{"error":{"code":400,"message":"User location is not supported for the API use.","status":"FAILED_PRECONDITION"}}]""", nameof(Verdicts.RegionRefused) },
        { 401, """{"error":{"code":401,"message":"Request had invalid authentication credentials.","status":"UNAUTHENTICATED"}}""", nameof(Verdicts.KeyRefused) },
        { 403, """{"error":{"code":403,"message":"The caller does not have permission","errors":[{"message":"The caller does not have permission","domain":"global","reason":"forbidden"}],"status":"PERMISSION_DENIED"}}""", nameof(Verdicts.NotPermittedHere) },
        { 403, """{"error":{"code":403,"message":"Permission 'aiplatform.endpoints.predict' denied","status":"PERMISSION_DENIED","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"IAM_PERMISSION_DENIED","metadata":{"resource":"projects/p/locations/l/publishers/google/models/x"}}]}}""", nameof(Verdicts.ModelNotOffered) },
        { 403, """{"error":{"code":403,"message":"You do not have permission to access the File abc or it may not exist.","status":"PERMISSION_DENIED"}}""", nameof(Verdicts.NothingThere) },
        { 403, """{"error":{"code":403,"message":"Your API key was reported as leaked. Please use another API key.","status":"PERMISSION_DENIED"}}""", nameof(Verdicts.KeyRefused) },
        { 403, """{"error":{"code":403,"message":"Generative Language API has not been used in project 1 before or it is disabled.","status":"PERMISSION_DENIED","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"SERVICE_DISABLED"}]}}""", nameof(Verdicts.KeyRefused) },
        { 404, """{"error":{"code":404,"message":"models/gemini-x is not found for API version v1beta, or is not supported for generateContent.","status":"NOT_FOUND"}}""", nameof(Verdicts.ModelNotOffered) },
        { 404, """{"error":{"code":404,"message":"Requested entity was not found.","status":"NOT_FOUND"}}""", nameof(Verdicts.NothingThere) },
        { 429, """{"error":{"code":429,"message":"You exceeded your current quota.","status":"RESOURCE_EXHAUSTED","details":[{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"39s"}]}}""", nameof(Verdicts.Limited) },
        { 429, """[{"error":{"code":429,"message":"Resource has been exhausted (e.g. check quota).","status":"RESOURCE_EXHAUSTED"}}]""", nameof(Verdicts.Limited) },
        { 499, """{"error":{"code":499,"message":"The operation was cancelled.","status":"CANCELLED"}}""", nameof(Verdicts.Declined) },
        { 500, """{"error":{"code":500,"message":"An internal error has occurred.","status":"INTERNAL"}}""", nameof(Verdicts.Failed) },
        { 503, """{"error":{"code":503,"message":"The model is overloaded. Please try again later.","status":"UNAVAILABLE"}}""", nameof(Verdicts.Failed) },
        { 504, """{"error":{"code":504,"message":"Deadline expired","status":"DEADLINE_EXCEEDED"}}""", nameof(Verdicts.Failed) },
        { 200, """{"candidates":[{"finishReason":"MALFORMED_FUNCTION_CALL","index":0}],"usageMetadata":{"promptTokenCount":7}}""", nameof(Verdicts.ModelGaveUp) },
        { 200, """{"candidates":[{"finishReason":"UNEXPECTED_TOOL_CALL","index":0}]}""", nameof(Verdicts.ModelGaveUp) },
        { 200, """{"candidates":[{"finishReason":"TOO_MANY_TOOL_CALLS"}]}""", nameof(Verdicts.ModelGaveUp) },
        { 200, """{"candidates":[{"content":{"parts":[{"text":"x"}]},"finishReason":"OTHER"}]}""", nameof(Verdicts.ModelGaveUp) },
        { 200, """{"candidates":[{"content":{"role":"model"},"finishReason":"STOP"}]}""", nameof(Verdicts.ModelGaveUp) },
        { 200, """{"candidates":[{"finishReason":"MISSING_THOUGHT_SIGNATURE"}]}""", nameof(Verdicts.TranslationRefused) },
        { 200, """{"candidates":[]}""", nameof(Verdicts.Broken) },
        { 200, """{"promptFeedback":{"blockReason":"PROHIBITED_CONTENT"}}""", nameof(Verdicts.ContentRefused) },
        { 200, """{"promptFeedback":{"blockReason":"A_NEW_REASON"}}""", nameof(Verdicts.ContentRefused) },
        { 200, """{"error":{"code":503,"message":"The model is overloaded.","status":"UNAVAILABLE"}}""", nameof(Verdicts.Failed) },
        { 200, """{"error":{"code":429,"message":"x","status":"RESOURCE_EXHAUSTED"}}""", nameof(Verdicts.Limited) },
        { 200, """[{"error":{"code":500,"message":"x","status":"INTERNAL"}}]""", nameof(Verdicts.Failed) },
        { 403, Page, nameof(Verdicts.Declined) },
    };

    /// <summary>Kind, status, headers, body, seconds.</summary>
    public static TheoryData<string, int, string, string, double?> Waits => new()
    {
        { "openai", 429, "Retry-After: 17", "{}", 17 },
        { "openai", 429, "Retry-After: 1.5", "{}", 1.5 },
        { "openai", 429, "Retry-After: 6m0s", "{}", 360 },
        { "openai", 429, "Retry-After: 1.2s", "{}", 1.2 },
        { "openai", 429, "Retry-After: 120ms", "{}", 0.12 },
        { "openai", 429, "Retry-After: Sun, 01 Mar 2026 12:00:30 GMT", "{}", 30 },
        { "openai", 429, "Retry-After: Sun, 01 Mar 2026 11:00:00 GMT", "{}", null },
        { "openai", 429, "Retry-After: -5", "{}", null },
        { "openai", 429, "Retry-After: 0", "{}", null },
        { "openai", 429, "Retry-After: soon", "{}", null },
        { "openai", 429, "Retry-After: 99999999", "{}", 86_400 },
        { "openai", 429, "Retry-After: 1772366439", "{}", 39 },
        { "openai", 429, "retry-after-ms: 2500|Retry-After: 3", "{}", 2.5 },
        { "openai", 429, "Retry-After: 3|retry-after-ms: 2500", "{}", 2.5 },
        { "openai", 429, "x-ratelimit-remaining-requests: 0|x-ratelimit-reset-requests: 6m0s", "{}", 360 },
        { "openai", 429, "x-ratelimit-remaining-requests: 3|x-ratelimit-reset-requests: 6m0s|x-ratelimit-remaining-tokens: 0|x-ratelimit-reset-tokens: 7.66s", "{}", 7.66 },
        { "openai", 429, "X-RateLimit-Remaining: 0|X-RateLimit-Reset: 1772366439000", "{}", 39 },
        { "openai", 429, "X-RateLimit-Remaining: 0|X-RateLimit-Reset: 1772366439", "{}", 39 },
        { "openai", 429, "", """{"error":{"code":429,"message":"x","metadata":{"headers":{"X-RateLimit-Reset":"1772366439000"}}}}""", 39 },
        { "openai", 503, "Retry-After: 4", "{}", 4 },
        { "openai", 503, "", """{"error":"Model x is currently loading","estimated_time":20.0}""", 20 },
        { "openai", 401, "Retry-After: 4", "{}", null },
        { "openai", 500, "x-ratelimit-remaining-requests: 0|x-ratelimit-reset-requests: 6m0s", "{}", null },
        { "anthropic", 429, "anthropic-ratelimit-tokens-remaining: 0|anthropic-ratelimit-tokens-reset: 2026-03-01T12:00:39Z", "{}", 39 },
        { "anthropic", 529, "retry-after: 8", """{"type":"error","error":{"type":"overloaded_error"}}""", 8 },
        { "gemini", 429, "", """{"error":{"code":429,"status":"RESOURCE_EXHAUSTED","details":[{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"39s"}]}}""", 39 },
        { "gemini", 429, "", """[{"error":{"code":429,"status":"RESOURCE_EXHAUSTED","details":[{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"39.5s"}]}}]""", 39.5 },
        { "gemini", 429, "", """{"error":{"code":429,"status":"RESOURCE_EXHAUSTED","details":[{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":{"seconds":"39","nanos":0}}]}}""", 39 },
        { "gemini", 429, "", """{"error":{"code":429,"status":"RESOURCE_EXHAUSTED","details":[{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"-3s"}]}}""", null },
        { "gemini", 429, "", """{"error":{"code":429,"status":"RESOURCE_EXHAUSTED","details":[{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"9000000000000000000s"}]}}""", 86_400 },
        { "gemini", 503, "", """{"error":{"code":503,"status":"UNAVAILABLE","details":[{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"3s"}]}}""", 3 },
    };
}
