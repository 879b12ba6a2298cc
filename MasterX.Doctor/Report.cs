namespace MasterX.Doctor;

/// <summary>One line per check: what, how it stands, what to do.</summary>
internal sealed class Report
{
    /// <summary>0 while nothing has to be done.</summary>
    public int ExitCode { get; private set; }

    public static void Ok(string what, string detail) => Console.WriteLine($"ok    {what,-12} {detail}");

    /// <summary>Something is missing that the composition can do without.</summary>
    public static void Note(string what, string detail) => Console.WriteLine($"note  {what,-12} {detail}");

    /// <summary>Something has to be done first.</summary>
    public void ToDo(string what, string detail)
    {
        ExitCode = 1;
        Console.WriteLine($"TO DO {what,-12} {detail}");
    }
}
