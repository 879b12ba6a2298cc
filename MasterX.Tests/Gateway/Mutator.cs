using System.Text;

namespace MasterX.Tests.Gateway;

/// <summary>Makes broken variants of a text, the same ones for the same seed.</summary>
internal sealed class Mutator(int seed)
{
    private static readonly string[] Tokens = ["{", "}", "[", "]", "\"", ":", ",", "null", "true", "1e999", "-0", "\\u0000", "\\ud800", "\0", "\r\n", "\n\n", "data: ", "é", "9999999999999999999", "{\"a\":", "[[[[", "\"model\":", "\"stream\":true,", "\"error\":{},"];

    private readonly Random _random = new(seed);

    public byte[] Mutate(string text)
    {
        var bytes = new List<byte>(Encoding.UTF8.GetBytes(text));
        for (var count = _random.Next(1, 5); count > 0 && bytes.Count > 0; count--)
        {
            var at = _random.Next(bytes.Count);
            switch (_random.Next(6))
            {
                case 0:
                    bytes[at] = (byte)_random.Next(256);
                    break;
                case 1:
                    bytes.RemoveRange(at, Math.Min(_random.Next(1, 40), bytes.Count - at));
                    break;
                case 2:
                    bytes.InsertRange(at, bytes.GetRange(at, Math.Min(_random.Next(1, 40), bytes.Count - at)));
                    break;
                case 3:
                    bytes.InsertRange(at, Encoding.UTF8.GetBytes(Tokens[_random.Next(Tokens.Length)]));
                    break;
                case 4:
                    bytes.RemoveRange(at, bytes.Count - at);
                    break;
                default:
                    bytes.InsertRange(at, Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat(Tokens[_random.Next(Tokens.Length)], _random.Next(1, 200)))));
                    break;
            }
        }

        return [.. bytes];
    }
}
