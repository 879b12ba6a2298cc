using Microsoft.AspNetCore.Http.HttpResults;

namespace MasterX.ProviderEmulator.Faults;

/// <summary><c>PUT</c> and <c>DELETE /_faults/{provider}</c>, <c>GET</c>, <c>PUT</c> and <c>DELETE /_faults</c> for all of them.</summary>
internal static class FaultEndpoints
{
    public static void MapFaults(this WebApplication app)
    {
        var faults = app.MapGroup("/_faults");
        faults.MapGet("/", (FaultTable table) => TypedResults.Ok(new { faults = table.All, calls = table.CallCounts }));
        faults.MapPut("/{provider}", (string provider, Fault fault, FaultTable table) => FaultTable.Providers.Contains(provider, StringComparer.OrdinalIgnoreCase)
            ? Put([provider], fault, table)
            : TypedResults.Problem($"There is no provider '{provider}'; there are {string.Join(", ", FaultTable.Providers)}.", statusCode: StatusCodes.Status404NotFound));
        faults.MapPut("/", (Fault fault, FaultTable table) => Put(FaultTable.Providers, fault, table));
        faults.MapDelete("/{provider}", (string provider, FaultTable table) =>
        {
            table.Clear(provider);
            return TypedResults.NoContent();
        });
        faults.MapDelete("/", (FaultTable table) =>
        {
            table.ClearAll();
            return TypedResults.NoContent();
        });
    }

    private static Results<Ok<Fault>, ProblemHttpResult> Put(IEnumerable<string> providers, Fault fault, FaultTable table)
    {
        if (fault.Problem() is { } problem)
        {
            return TypedResults.Problem(problem, statusCode: StatusCodes.Status400BadRequest);
        }

        foreach (var provider in providers)
        {
            table.Set(provider, fault);
        }

        return TypedResults.Ok(fault);
    }
}
