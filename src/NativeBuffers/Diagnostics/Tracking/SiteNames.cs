namespace NativeBuffers.Diagnostics.Tracking;

/// <summary>What to call places: <c>File.cs:12</c>, and the whole path where two files have that name.</summary>
internal sealed class SiteNames
{
    private readonly HashSet<string> _shared;

    public SiteNames(IEnumerable<Site> sites) => _shared =
    [
        .. from path in sites.Select(static site => site.FilePath).Distinct()
           group path by Path.GetFileName(path) into part
           where part.Count() > 1
           select part.Key,
    ];

    public string NameOf(Site site) => _shared.Contains(Path.GetFileName(site.FilePath)) ? site.FullName : site.ShortName;
}
