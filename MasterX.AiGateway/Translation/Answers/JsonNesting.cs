namespace MasterX.AiGateway.Translation.Answers;

/// <summary>
/// How deep the arguments of a call are nested, counted while they come. Deeper ones no request could bring back, and many a caller's parser
/// stops there: an answer with them is none, whole or streamed.
/// </summary>
internal struct JsonNesting
{
    /// <summary>A request has 64 levels at most, and up to five of them around the arguments of a call.</summary>
    private const int Deepest = 56;

    /// <summary>What an answer may have, in which arguments of that depth stand.</summary>
    public const int MostOfAnswer = 128;

    private int _depth;
    private bool _isText, _isEscaped;

    /// <param name="piece">The next piece.</param>
    /// <returns>Whether it is still not too deep.</returns>
    public bool Add(string piece)
    {
        foreach (var sign in piece)
        {
            if (_isText)
            {
                _isText = _isEscaped || sign != '"';
                _isEscaped = !_isEscaped && sign == '\\';
                continue;
            }

            _isText = sign == '"';
            _depth += sign is '{' or '[' ? 1 : sign is '}' or ']' ? -1 : 0;
            if (_depth > Deepest)
            {
                return false;
            }
        }

        return true;
    }
}
