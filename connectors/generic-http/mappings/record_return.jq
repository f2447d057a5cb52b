# Articles with their returned quantities, one entry an article. Quantities stay decimal texts, so
# nothing passes through a binary number.
{
  external: .reference,
  shop: .transaction.shop,
  day: .transaction.business_date,
  goods: (
    .transaction.lines
    | map(select(.kind // "goods" == "goods"))
    | group_by(.article)
    | map({sku: .[0].article, quantities: map(.quantity)})
  )
}
